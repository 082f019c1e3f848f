#include "ipvs/client.h"

#include <linux/ip_vs.h>

#include <array>
#include <cerrno>

#include "ipvs/decode.h"
#include "ipvs/encode.h"
#include "ipvs/operations.h"
#include "ipvs/wire.h"
#include "netlink/generic.h"
#include "util/error.h"

namespace director::ipvs {
namespace {

using netlink::DumpState;
using netlink::Message;
using netlink::MessageWriter;

// Room for any single request: the largest is a service with its key, some 200 bytes.
using RequestBuffer = std::array<uint8_t, 1024>;
// Server rows a piece of a snapshot holds: about 1 MiB.
constexpr size_t kPieceRows = (1 << 20) / sizeof(ServerRow);

template <class Body, class Visitor>
void Ask(Client& client, const char* operation, uint8_t command, Body&& body, Visitor&& visit) {
  const uint16_t family = client.family();
  auto socket = client.pool().Take();
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket->UseSequence();
  netlink::BeginGeneric(writer, family, command, kVersion, NLM_F_ACK, sequence);
  body(writer);
  if (!writer.Finish()) throw KernelError(operation, EMSGSIZE);
  netlink::Transact(*socket, operation, writer.data(), sequence, visit);
  socket.Return();
}

template <class Body>
void Tell(Client& client, const char* operation, uint8_t command, Body&& body) {
  Ask(client, operation, command, body, [](const Message&) {});
}

void Require(bool whole, const char* operation) {
  if (!whole) throw KernelError(operation, EBADMSG, "the kernel's reply has an attribute of a wrong length");
}

void StartDump(netlink::Dump& dump, netlink::Socket& socket, uint16_t family, uint8_t command,
               const ServiceKey* key) {
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket.UseSequence();
  netlink::BeginGeneric(writer, family, command, kVersion, NLM_F_DUMP, sequence);
  if (key != nullptr) {
    ServiceConfig service{};
    service.key = *key;
    PutService(writer, service, ServiceForm::kKey);
  }
  if (!writer.Finish()) throw KernelError("dump", EMSGSIZE);
  dump.Start(writer.data(), sequence);
}

void NoBody(MessageWriter&) {}

}  // namespace

uint16_t Client::family() {
  const std::lock_guard lock(mutex_);
  if (!family_) {
    auto socket = pool_.Take();
    family_ = netlink::ResolveFamily(*socket, kFamilyName);
    if (!family_) throw KernelError("resolve family", ENOENT);
    socket.Return();
  }
  return *family_;
}

netlink::BatchEnd Client::Commit(std::vector<Bytes> tables, const netlink::BatchOptions& options,
                                 netlink::RunReport& report) {
  const uint16_t number = family();
  auto socket = pool_.Take();
  OperationSource source(number, std::move(tables));
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

Info Client::GetInfo() {
  Info info;
  Ask(*this, "info", IPVS_CMD_GET_INFO, NoBody,
      [&](const Message& message) { Require(ReadInfo(message.payload, info), "info"); });
  return info;
}

Timeouts Client::GetTimeouts() {
  Timeouts timeouts;
  Ask(*this, "timeouts", IPVS_CMD_GET_CONFIG, NoBody,
      [&](const Message& message) { Require(ReadTimeouts(message.payload, timeouts), "timeouts"); });
  return timeouts;
}

void Client::SetTimeouts(const Timeouts& timeouts) {
  Tell(*this, "setTimeouts", IPVS_CMD_SET_CONFIG, [&](MessageWriter& writer) {
    writer.PutU32(IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts.tcp_seconds);
    writer.PutU32(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts.tcp_fin_seconds);
    writer.PutU32(IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts.udp_seconds);
  });
}

void Client::Flush() {
  Tell(*this, "flush", IPVS_CMD_FLUSH, NoBody);
}

void Client::Zero(const std::optional<ServiceKey>& key) {
  Tell(*this, "zero", IPVS_CMD_ZERO, [&](MessageWriter& writer) {
    ServiceConfig service{};
    if (!key) return;
    service.key = *key;
    PutService(writer, service, ServiceForm::kKey);
  });
}

ServiceRow Client::GetService(const ServiceKey& key) {
  ServiceConfig service{};
  service.key = key;
  ServiceRow row{};
  Ask(
      *this, "service", IPVS_CMD_GET_SERVICE,
      [&](MessageWriter& writer) { PutService(writer, service, ServiceForm::kKey); },
      [&](const Message& message) { Require(ReadService(message.payload, row), "service"); });
  return row;
}

std::vector<Daemon> Client::GetDaemons() {
  std::vector<Daemon> daemons;
  const uint16_t number = family();
  auto socket = pool_.Take();
  netlink::Dump dump(*socket);
  StartDump(dump, *socket, number, IPVS_CMD_GET_DAEMON, nullptr);
  const auto read = [&](const Message& message) {
    Require(ReadDaemon(message.payload, daemons.emplace_back()), "daemons");
  };
  while (dump.Read(read) == DumpState::kMore) {
  }
  socket.Return();
  return daemons;
}

void Client::StartDaemon(const Daemon& daemon) {
  Tell(*this, "startDaemon", IPVS_CMD_NEW_DAEMON, [&](MessageWriter& writer) { PutDaemon(writer, daemon); });
}

void Client::StopDaemon(const Daemon& daemon) {
  const uint16_t number = family();
  auto socket = pool_.Take();
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket->UseSequence();
  netlink::BeginGeneric(writer, number, IPVS_CMD_DEL_DAEMON, kVersion, NLM_F_ACK, sequence);
  PutDaemon(writer, daemon);
  bool fits = writer.Finish();
  // A daemon that is stopped before its thread first ran ends the request with EINTR, and that is the one
  // outcome that netlink_rcv_skb() never answers. An empty message behind it is always answered: the first
  // answer counts.
  fits = fits && writer.Begin(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, sequence) && writer.Finish();
  if (!fits) throw KernelError("stopDaemon", EMSGSIZE);
  netlink::Transact(*socket, "stopDaemon", writer.data(), sequence);
  // The socket is not returned to the pool: a second answer may be waiting in it.
}

Snapshot Client::ReadSnapshot() {
  Snapshot snapshot;
  const uint16_t number = family();
  auto socket = pool_.Take();
  netlink::Dump dump(*socket);
  StartDump(dump, *socket, number, IPVS_CMD_GET_SERVICE, nullptr);
  const auto read_service = [&](const Message& message) {
    Require(ReadService(message.payload, snapshot.services.emplace_back()), "snapshot");
  };
  while (dump.Read(read_service) == DumpState::kMore) {
  }
  for (ServiceRow& service : snapshot.services) {
    const auto read_server = [&](const Message& message) {
      if (snapshot.servers.empty() || snapshot.servers.back().size() == kPieceRows) {
        snapshot.servers.emplace_back().reserve(kPieceRows);
      }
      Require(ReadServer(message.payload, service.config.key.family, snapshot.servers.back().emplace_back()),
              "snapshot");
      ++service.server_count;
    };
    StartDump(dump, *socket, number, IPVS_CMD_GET_DEST, &service.config.key);
    while (dump.Read(read_server) == DumpState::kMore) {
    }
  }
  socket.Return();
  return snapshot;
}

TableDump::TableDump(Client& client, std::optional<ServiceKey> key)
    : key_(key), socket_(client.pool().Take()), dump_(*socket_), family_(client.family()) {}

DumpState TableDump::Read(RowPiece& piece, size_t enough) {
  auto& rows = piece.bytes;
  piece.row_bytes = key_ ? sizeof(ServerRow) : sizeof(ServiceRow);
  if (!started_) {
    StartDump(dump_, *socket_, family_, key_ ? IPVS_CMD_GET_DEST : IPVS_CMD_GET_SERVICE,
              key_ ? &*key_ : nullptr);
    started_ = true;
  }
  const auto read = [&](const Message& message) {
    if (key_) {
      ServerRow row;
      Require(ReadServer(message.payload, key_->family, row), "servers");
      rows.Append(BytesOf(row));
    } else {
      ServiceRow row;
      Require(ReadService(message.payload, row), "services");
      rows.Append(BytesOf(row));
    }
  };
  DumpState state;
  do state = dump_.Read(read);
  while (state == DumpState::kMore && rows.size() < enough);
  if (state != DumpState::kMore) socket_.Return();
  return state;
}

}  // namespace director::ipvs
