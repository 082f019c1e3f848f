#include "ipvs/client.h"

#include <linux/ip_vs.h>

#include <algorithm>
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
constexpr int kMostAttempts = 10;
// Server rows a piece of a snapshot holds: about 1 MiB.
constexpr size_t kPieceRows = (1 << 20) / sizeof(ServerRow);

// Calls `work` with the family's number; once more where that number had died.
template <class Work>
auto WithFamily(Client& client, Work&& work) {
  const uint16_t family = client.family();
  try {
    return work(family);
  } catch (const KernelError& error) {
    if (error.number() != ENOENT || !client.FamilyMoved(family)) throw;
  }
  return work(client.family());
}

template <class Body, class Visitor>
void AskFamily(Client& client, uint16_t family, const char* operation, uint8_t command, Body&& body,
               Visitor&& visit) {
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

template <class Body, class Visitor>
void Ask(Client& client, const char* operation, uint8_t command, Body&& body, Visitor&& visit) {
  WithFamily(client, [&](uint16_t family) { AskFamily(client, family, operation, command, body, visit); });
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

// Reads one whole dump; again, after `restart` has dropped what was read, where the kernel says that the
// table changed meanwhile. No kernel says so of IPVS today.
template <class Begin, class Restart, class Visitor>
void ReadWhole(netlink::Dump& dump, const char* operation, Begin&& begin, Restart&& restart, Visitor&& read) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    restart();
    begin();
    DumpState state;
    do state = dump.Read(read);
    while (state == DumpState::kMore);
    if (state == DumpState::kDone) return;
  }
  throw KernelError(operation, EINTR, "the table kept changing while it was read");
}

// A row of the snapshot's last piece.
ServerRow& NewServer(Snapshot& snapshot) {
  if (snapshot.servers.empty() || snapshot.servers.back().size() == kPieceRows) {
    snapshot.servers.emplace_back().reserve(kPieceRows);
  }
  return snapshot.servers.back().emplace_back();
}

// Drops the servers of one service, the last that were read.
void DropServers(Snapshot& snapshot, ServiceRow& service) {
  for (; service.server_count > 0; --service.server_count) {
    snapshot.servers.back().pop_back();
    if (snapshot.servers.back().empty()) snapshot.servers.pop_back();
  }
}

void StopDaemonOf(Client& client, uint16_t family, const Daemon& daemon) {
  auto socket = client.pool().Take();
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket->UseSequence();
  netlink::BeginGeneric(writer, family, IPVS_CMD_DEL_DAEMON, kVersion, NLM_F_ACK, sequence);
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

// Whether every request of a run got the answer of a number without a family.
bool NobodyHeard(const netlink::RunReport& report) {
  const auto& refused = report.refused;
  return !refused.empty() && refused.size() == report.attempted &&
         std::ranges::all_of(refused, [](const netlink::Refusal& refusal) { return refusal.code == ENOENT; });
}

}  // namespace

uint16_t Client::family() {
  const std::lock_guard lock(mutex_);
  if (!family_) family_ = ResolveFamily();
  return *family_;
}

bool Client::FamilyMoved(uint16_t old) {
  const std::lock_guard lock(mutex_);
  family_.reset();
  family_ = ResolveFamily();
  return *family_ != old;
}

// Under the mutex.
uint16_t Client::ResolveFamily() {
  auto socket = pool_.Take();
  const auto number = netlink::ResolveFamily(*socket, kFamilyName);
  if (!number) throw KernelError("resolve family", ENOENT);
  socket.Return();
  return *number;
}

netlink::BatchEnd Client::Commit(std::vector<Bytes> tables, const netlink::BatchOptions& options,
                                 netlink::RunReport& report) {
  const uint16_t number = family();
  const netlink::BatchEnd end = CommitTo(number, tables, options, report);
  if (!NobodyHeard(report) || !FamilyMoved(number)) return end;
  report = {};
  return CommitTo(family(), std::move(tables), options, report);
}

netlink::BatchEnd Client::CommitTo(uint16_t family, std::vector<Bytes> tables,
                                   const netlink::BatchOptions& options, netlink::RunReport& report) {
  auto socket = pool_.Take();
  OperationSource source(family, std::move(tables));
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
  return WithFamily(*this, [&](uint16_t number) {
    std::vector<Daemon> daemons;
    auto socket = pool_.Take();
    netlink::Dump dump(*socket);
    ReadWhole(
        dump, "daemons", [&] { StartDump(dump, *socket, number, IPVS_CMD_GET_DAEMON, nullptr); },
        [&] { daemons.clear(); },
        [&](const Message& message) {
          Require(ReadDaemon(message.payload, daemons.emplace_back()), "daemons");
        });
    socket.Return();
    return daemons;
  });
}

void Client::StartDaemon(const Daemon& daemon) {
  Tell(*this, "startDaemon", IPVS_CMD_NEW_DAEMON, [&](MessageWriter& writer) { PutDaemon(writer, daemon); });
}

void Client::StopDaemon(const Daemon& daemon) {
  WithFamily(*this, [&](uint16_t number) { StopDaemonOf(*this, number, daemon); });
}

Snapshot Client::ReadSnapshot() {
  return WithFamily(*this, [&](uint16_t number) {
    Snapshot snapshot;
    auto socket = pool_.Take();
    netlink::Dump dump(*socket);
    ReadWhole(
        dump, "snapshot", [&] { StartDump(dump, *socket, number, IPVS_CMD_GET_SERVICE, nullptr); },
        [&] { snapshot.services.clear(); },
        [&](const Message& message) {
          Require(ReadService(message.payload, snapshot.services.emplace_back()), "snapshot");
        });
    for (ServiceRow& service : snapshot.services) {
      ReadWhole(
          dump, "snapshot", [&] { StartDump(dump, *socket, number, IPVS_CMD_GET_DEST, &service.config.key); },
          [&] { DropServers(snapshot, service); },
          [&](const Message& message) {
            Require(ReadServer(message.payload, service.config.key.family, NewServer(snapshot)), "snapshot");
            ++service.server_count;
          });
    }
    socket.Return();
    return snapshot;
  });
}

TableDump::TableDump(Client& client, std::optional<ServiceKey> key)
    : client_(client), key_(key), socket_(client.pool().Take()), dump_(*socket_), family_(client.family()) {}

void TableDump::Start() {
  StartDump(dump_, *socket_, family_, key_ ? IPVS_CMD_GET_DEST : IPVS_CMD_GET_SERVICE,
            key_ ? &*key_ : nullptr);
}

template <class Visitor>
DumpState TableDump::ReadFirst(Visitor&& read) {
  Start();
  try {
    return dump_.Read(read);
  } catch (const KernelError& error) {
    if (error.number() != ENOENT || !client_.FamilyMoved(family_)) throw;
  }
  family_ = client_.family();
  Start();
  return dump_.Read(read);
}

DumpState TableDump::Read(RowPiece& piece, size_t enough) {
  auto& rows = piece.bytes;
  piece.row_bytes = key_ ? sizeof(ServerRow) : sizeof(ServiceRow);
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
  DumpState state = started_ ? dump_.Read(read) : ReadFirst(read);
  started_ = true;
  while (state == DumpState::kMore && rows.size() < enough) state = dump_.Read(read);
  if (state != DumpState::kMore) socket_.Return();
  return state;
}

}  // namespace director::ipvs
