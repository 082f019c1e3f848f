#include "route/client.h"

#include <array>
#include <cerrno>
#include <map>

#include "route/address_source.h"
#include "route/decode.h"
#include "route/encode.h"
#include "util/error.h"

namespace director::route {
namespace {

using netlink::DumpState;
using netlink::Message;
using netlink::MessageWriter;

// Room for any single request: the largest is an address with all its details, some 150 bytes.
using RequestBuffer = std::array<uint8_t, 512>;
// How often an interrupted dump is read again. Something that changes links that fast is never seen whole.
constexpr int kDumpAttempts = 10;

void Require(bool whole, const char* operation) {
  if (!whole)
    throw KernelError(operation, EBADMSG, "the kernel's reply lacks an attribute or has a wrong one");
}

}  // namespace

template <class Put>
void Client::Tell(const char* operation, Put&& put) {
  auto socket = pool_.Take();
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket->UseSequence();
  if (!put(writer, sequence)) throw KernelError(operation, EMSGSIZE);
  netlink::Transact(*socket, operation, writer.data(), sequence);
  socket.Return();
}

void Client::CreateLink(std::string_view name, std::string_view kind, bool up) {
  Tell("createDummy", [&](MessageWriter& writer, uint32_t sequence) {
    return PutCreateLink(writer, sequence, name, kind, up ? Admin::kUp : Admin::kDown);
  });
}

void Client::RemoveLink(std::string_view name) {
  Tell("remove",
       [&](MessageWriter& writer, uint32_t sequence) { return PutRemoveLink(writer, sequence, name); });
}

void Client::SetLink(std::string_view name, bool up) {
  Tell(up ? "setUp" : "setDown", [&](MessageWriter& writer, uint32_t sequence) {
    return PutSetLink(writer, sequence, name, up ? Admin::kUp : Admin::kDown);
  });
}

bool Client::KnowsKind(std::string_view kind) {
  try {
    Tell("probe",
         [&](MessageWriter& writer, uint32_t sequence) { return PutProbeKind(writer, sequence, kind); });
  } catch (const KernelError& error) {
    if (error.number() == EOPNOTSUPP) return false;
    if (error.number() == EADDRNOTAVAIL) return true;
    throw;
  }
  throw KernelError("probe", EPROTO, "the kernel made a link with a multicast hardware address");
}

LinkRow Client::GetLink(std::string_view name) {
  auto socket = pool_.Take();
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket->UseSequence();
  if (!PutGetLink(writer, sequence, name)) throw KernelError("get", EMSGSIZE);
  LinkRow row{};
  netlink::Transact(*socket, "get", writer.data(), sequence,
                    [&](const Message& message) { Require(ReadLink(message.payload, row), "get"); });
  socket.Return();
  return row;
}

// Reads a dump until it was not interrupted. `start` drops what an interrupted attempt has brought.
template <class Put, class Start, class Visitor>
void Client::ReadWhole(const char* operation, Put&& put, Start&& start, Visitor&& visit) {
  auto socket = pool_.Take();
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    start();
    RequestBuffer buffer;
    MessageWriter writer(buffer);
    const uint32_t sequence = socket->UseSequence();
    if (!put(writer, sequence)) throw KernelError(operation, EMSGSIZE);
    netlink::Dump dump(*socket);
    dump.Start(writer.data(), sequence);
    DumpState state;
    do state = dump.Read(visit);
    while (state == DumpState::kMore);
    if (state == DumpState::kDone) return socket.Return();
  }
  throw KernelError(operation, EINTR, "the links changed during every attempt to read them");
}

std::vector<LinkRow> Client::ReadLinks() {
  std::vector<LinkRow> rows;
  ReadWhole(
      "list", PutDumpLinks, [&] { rows.clear(); },
      [&](const Message& message) { Require(ReadLink(message.payload, rows.emplace_back()), "list"); });
  return rows;
}

std::vector<AddressRow> Client::ReadAddresses(const std::optional<std::string>& link) {
  std::map<uint32_t, LinkRow> links;
  if (link) {
    const LinkRow row = GetLink(*link);
    links.emplace(row.index, row);
  } else {
    for (const LinkRow& row : ReadLinks()) links.emplace(row.index, row);
  }
  std::vector<AddressRow> rows;
  ReadWhole(
      "addresses", PutDumpAddresses, [&] { rows.clear(); },
      [&](const Message& message) {
        AddressRow row;
        uint32_t index = 0;
        Require(ReadAddress(message.payload, row, index), "addresses");
        const auto owner = links.find(index);
        // Not asked for, or made after the links were read.
        if (owner == links.end()) return;
        CopyText(TextOf(owner->second.name), row.link);
        rows.push_back(row);
      });
  return rows;
}

netlink::BatchEnd Client::Commit(std::vector<Bytes> tables, const netlink::BatchOptions& options,
                                 netlink::RunReport& report) {
  LinkIndices links = NamedLinks(tables);
  for (auto& [name, index] : links) {
    try {
      index = GetLink(name).index;
    } catch (const KernelError& error) {
      // Without an index each of its rows is refused in its turn, as the options say.
      if (error.number() != ENODEV) throw;
    }
  }
  auto socket = pool_.Take();
  AddressSource source(std::move(tables), std::move(links));
  netlink::BatchEngine engine(*socket, source, options);
  try {
    const netlink::BatchEnd end = engine.Run();
    report = source.TakeReport();
    socket.Return();
    return end;
  } catch (const KernelError&) {
    // Also a broken run has done something, and must say what.
    report = source.TakeReport();
    throw;
  }
}

}  // namespace director::route
