#include "ipset/client.h"

#include <array>
#include <cerrno>

#include "ipset/canonical.h"
#include "ipset/listing.h"
#include "ipset/request.h"
#include "netlink/dump.h"
#include "util/error.h"

namespace director::ipset {
namespace {

using netlink::Message;
using netlink::MessageWriter;

// Room for any request without elements: a CREATE with every option is some 250 bytes.
using RequestBuffer = std::array<uint8_t, 1024>;

template <class Body, class Visitor>
void Ask(netlink::SocketPool& pool, const char* operation, uint8_t command, uint16_t flags, Body&& body,
         Visitor&& visit) {
  auto socket = pool.Take();
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket->UseSequence();
  BeginRequest(writer, command, static_cast<uint16_t>(NLM_F_ACK | flags), sequence);
  body(writer);
  if (!writer.Finish()) throw KernelError(operation, EMSGSIZE);
  netlink::Transact(*socket, operation, writer.data(), sequence, visit);
  socket.Return();
}

template <class Body>
void Tell(netlink::SocketPool& pool, const char* operation, uint8_t command, uint16_t flags, Body&& body) {
  Ask(pool, operation, command, flags, body, [](const Message&) {});
}

bool ReadRevisions(Bytes payload, TypeRange& range) {
  netlink::AttributeReader reader(netlink::AfterHeader(payload, sizeof(nfgenmsg)));
  for (netlink::Attribute attribute; reader.Next(attribute);) {
    if (attribute.type == IPSET_ATTR_REVISION && !attribute.Read(range.newest_revision)) return false;
    if (attribute.type == IPSET_ATTR_REVISION_MIN && !attribute.Read(range.oldest_revision)) return false;
  }
  return !reader.malformed();
}

void Require(bool whole, const char* operation) {
  if (!whole) throw KernelError(operation, EBADMSG, "the kernel's reply has an attribute of a wrong length");
}

}  // namespace

std::vector<TypeRange> Client::GetTypes() {
  std::vector<TypeRange> types;
  for (const SetType& type : SetTypes()) {
    TypeRange range{std::string(type.name), 0, 0};
    try {
      Ask(
          pool_, "types", IPSET_CMD_TYPE, 0,
          [&](MessageWriter& writer) {
            writer.PutText(IPSET_ATTR_TYPENAME, type.name);
            writer.PutU8(IPSET_ATTR_FAMILY, AF_INET);
          },
          [&](const Message& message) { Require(ReadRevisions(message.payload, range), "types"); });
    } catch (const KernelError& error) {
      if (error.number() == IPSET_ERR_FIND_TYPE) continue;
      throw;
    }
    types.push_back(std::move(range));
  }
  return types;
}

void Client::Create(const SetHeader& header, bool exclusive) {
  const uint16_t flags = NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0);
  Tell(pool_, "create", IPSET_CMD_CREATE, flags, [&](MessageWriter& writer) {
    writer.PutText(IPSET_ATTR_SETNAME, header.name);
    writer.PutText(IPSET_ATTR_TYPENAME, header.type);
    writer.PutU8(IPSET_ATTR_REVISION, header.revision);
    writer.PutU8(IPSET_ATTR_FAMILY, header.family);
    PutSetOptions(writer, header.options);
  });
}

void Client::Destroy(const std::optional<std::string>& set) {
  Tell(pool_, "destroy", IPSET_CMD_DESTROY, NLM_F_EXCL, [&](MessageWriter& writer) {
    if (set) writer.PutText(IPSET_ATTR_SETNAME, *set);
  });
}

void Client::Flush(const std::optional<std::string>& set) {
  Tell(pool_, "flush", IPSET_CMD_FLUSH, NLM_F_EXCL, [&](MessageWriter& writer) {
    if (set) writer.PutText(IPSET_ATTR_SETNAME, *set);
  });
}

void Client::Rename(const std::string& from, const std::string& to) {
  Tell(pool_, "rename", IPSET_CMD_RENAME, NLM_F_EXCL, [&](MessageWriter& writer) {
    writer.PutText(IPSET_ATTR_SETNAME, from);
    writer.PutText(IPSET_ATTR_SETNAME2, to);
  });
}

void Client::Swap(const std::string& one, const std::string& other) {
  Tell(pool_, "swap", IPSET_CMD_SWAP, NLM_F_EXCL, [&](MessageWriter& writer) {
    writer.PutText(IPSET_ATTR_SETNAME, one);
    writer.PutText(IPSET_ATTR_SETNAME2, other);
  });
}

std::vector<SetHeader> Client::ReadHeaders(const std::optional<std::string>& set) {
  std::vector<SetHeader> headers;
  auto socket = pool_.Take();
  netlink::Dump dump(*socket);
  StartListing(dump, *socket, set, IPSET_FLAG_LIST_HEADER);
  const auto read = [&](const Message& message) {
    Require(ReadSetHeader(message.payload, headers.emplace_back()), "list");
  };
  while (dump.Read(read) == netlink::DumpState::kMore) {
  }
  socket.Return();
  return headers;
}

std::vector<std::string> Client::ReadNames() {
  std::vector<std::string> names;
  auto socket = pool_.Take();
  netlink::Dump dump(*socket);
  StartListing(dump, *socket, {}, IPSET_FLAG_LIST_SETNAME);
  const auto read = [&](const Message& message) {
    SetHeader header;
    Require(ReadSetHeader(message.payload, header), "names");
    names.push_back(std::move(header.name));
  };
  while (dump.Read(read) == netlink::DumpState::kMore) {
  }
  socket.Return();
  return names;
}

ShapeAnswer Client::ShapeOf(const std::string& set) {
  SetHeader header;
  try {
    Ask(
        pool_, "header", IPSET_CMD_HEADER, 0,
        [&](MessageWriter& writer) { writer.PutText(IPSET_ATTR_SETNAME, set); },
        [&](const Message& message) { Require(ReadSetHeader(message.payload, header), "header"); });
  } catch (const KernelError& error) {
    return {{}, error.number()};
  }
  const SetType* type = FindSetType(header.type);
  if (type == nullptr) return {{}, IPSET_ERR_FIND_TYPE};
  return {{type, header.family, header.revision}, 0};
}

std::vector<uint8_t> Client::Canonical(const Changes& changes) {
  if (changes.size() == 0) return {};
  const ShapeAnswer answer = ShapeOf(changes.target(0).set);
  if (answer.error != 0) throw KernelError("canonical", answer.error);
  return CanonicalText(changes, EntryRules(answer.shape));
}

netlink::BatchEnd Client::Commit(const Changes& changes, const netlink::BatchOptions& options,
                                 netlink::RunReport& report) {
  auto socket = pool_.Take();
  ChangeSource source(
      changes, [this](const std::string& set) { return ShapeOf(set); }, options.stop_on_refusal);
  netlink::BatchEngine engine(*socket, source, options);
  try {
    const netlink::BatchEnd end = engine.Run();
    report = source.TakeReport();
    socket.Return();
    return end == netlink::BatchEnd::kFinished && source.stopped() ? netlink::BatchEnd::kStopped : end;
  } catch (const KernelError&) {
    // Also a broken run has done something, and must say what.
    report = source.TakeReport();
    throw;
  }
}

}  // namespace director::ipset
