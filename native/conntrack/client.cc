#include "conntrack/client.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "conntrack/decode.h"
#include "conntrack/encode.h"
#include "conntrack/flow_rows.h"
#include "conntrack/probe.h"
#include "conntrack/wire.h"
#include "conntrack/write_source.h"
#include "util/error.h"

namespace director::conntrack {
namespace {

using netlink::DumpState;
using netlink::Message;
using netlink::MessageWriter;

// Room for any single request but a create, which batches build.
using RequestBuffer = std::array<uint8_t, 1024>;
// Flows listed before they are deleted: large enough for full datagrams, small enough to hold.
constexpr size_t kDeleteBatch = 4096;

constexpr KernelConditions kAllConditions = {true, true, true, true, true};

// The kernel chooses by protocol and ports only within a family.
std::vector<uint8_t> FamiliesOf(const FlowFilter& filter) {
  if (filter.family == 0 && NeedsOf(filter).conditions.tuple) return {AF_INET6, AF_INET};
  return {filter.family};
}

void Require(bool whole, const char* operation) {
  if (!whole) throw KernelError(operation, EBADMSG, "the kernel's reply has an attribute of a wrong length");
}

// Reads a whole dump of a message without attributes.
template <class Visitor>
void ReadAll(netlink::SocketPool& pool, uint16_t type, Visitor&& visit) {
  auto socket = pool.Take();
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket->UseSequence();
  BeginFlowMessage(writer, type, AF_UNSPEC, NLM_F_DUMP, sequence);
  if (!writer.Finish()) throw KernelError("dump", EMSGSIZE);
  netlink::Dump dump(*socket);
  dump.Start(writer.data(), sequence);
  while (dump.Read(visit) == DumpState::kMore) {
  }
  socket.Return();
}

}  // namespace

netlink::BatchEnd Client::Write(std::vector<Bytes> tables, const netlink::BatchOptions& options,
                                netlink::RunReport& report) {
  auto socket = pool_.Take();
  WriteSource source(std::move(tables));
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

std::optional<FlowRow> Client::Get(const FlowRow& identity) {
  auto socket = pool_.Take();
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket->UseSequence();
  const uint8_t family = identity.original.family != 0 ? identity.original.family : identity.reply.family;
  BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_GET), family, NLM_F_ACK, sequence);
  PutIdentity(writer, identity);
  if (!writer.Finish()) throw KernelError("get", EMSGSIZE);
  FlowRow row{};
  try {
    netlink::Transact(*socket, "get", writer.data(), sequence,
                      [&](const Message& message) { Require(ReadFlow(message, row), "get"); });
  } catch (const KernelError& error) {
    if (error.number() != ENOENT) throw;
    socket.Return();
    return std::nullopt;
  }
  socket.Return();
  row.caused_by = 0;
  return row;
}

uint64_t Client::Count(const FlowFilter& filter) {
  uint64_t count = 0;
  FlowDump dump(pool_, filter);
  while (dump.Read([&](const FlowRow&) { ++count; }) == DumpState::kMore) {
  }
  return count;
}

Deletion Client::DeleteEach(const FlowFilter& filter) {
  DeletionTally tally;
  FlowDump dump(pool_, filter);
  std::vector<WriteRow> rows;
  for (DumpState state = DumpState::kMore; state == DumpState::kMore;) {
    rows.clear();
    while (state == DumpState::kMore && rows.size() < kDeleteBatch) {
      // Whole identity, zone included: without it a flow of a zone is not found, which looks like success.
      state = dump.Read([&](const FlowRow& flow) { rows.push_back({WriteKind::kDelete, 0, flow, {}, {}}); });
    }
    netlink::RunReport report;
    const Bytes table(reinterpret_cast<const uint8_t*>(rows.data()), rows.size() * sizeof(WriteRow));
    Write({table}, {.stop_on_refusal = false}, report);
    tally.Add(report);
  }
  return tally.Result();
}

Deletion Client::Delete(const FlowFilter& filter) {
  const FilterNeeds needs = NeedsOf(filter);
  if (!needs.whole || (needs.conditions != KernelConditions{} && !Covers(deletes(), needs.conditions))) {
    return DeleteEach(filter);
  }
  const Deletion deletion{Count(filter), 0, true};
  auto socket = pool_.Take();
  DeleteInKernel(*socket, filter);
  socket.Return();
  return deletion;
}

const KernelConditions& Client::deletes() {
  const std::lock_guard lock(mutex_);
  if (!deletes_) deletes_ = ProbeDeletes();
  return *deletes_;
}

TableStats Client::GetTableStats() {
  auto socket = pool_.Take();
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket->UseSequence();
  BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_GET_STATS), AF_UNSPEC, NLM_F_ACK, sequence);
  if (!writer.Finish()) throw KernelError("count", EMSGSIZE);
  TableStats stats;
  netlink::Transact(*socket, "count", writer.data(), sequence,
                    [&](const Message& message) { Require(ReadTableStats(message, stats), "count"); });
  socket.Return();
  return stats;
}

std::vector<CpuStatsRow> Client::GetCpuStats() {
  std::vector<CpuStatsRow> rows;
  ReadAll(pool_, FlowMessage(IPCTNL_MSG_CT_GET_STATS_CPU),
          [&](const Message& message) { Require(ReadCpuStats(message, rows.emplace_back()), "stats"); });
  // The expectations' counters come in the same order, one message a processor.
  size_t next = 0;
  ReadAll(pool_, ExpectationMessage(IPCTNL_MSG_EXP_GET_STATS_CPU), [&](const Message& message) {
    if (next < rows.size()) Require(ReadCpuStats(message, rows[next++]), "stats");
  });
  return rows;
}

std::vector<ExpectationRow> Client::GetExpectations() {
  std::vector<ExpectationRow> rows;
  ReadAll(pool_, ExpectationMessage(IPCTNL_MSG_EXP_GET), [&](const Message& message) {
    ExpectationRow& row = rows.emplace_back();
    Require(ReadExpectation(message, row), "expectations");
    row.caused_by = 0;
  });
  return rows;
}

void DeleteInKernel(netlink::Socket& socket, const FlowFilter& filter) {
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket.UseSequence();
  BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_DELETE), filter.family, NLM_F_ACK, sequence);
  PutFlowFilter(writer, filter, kAllConditions);
  if (!writer.Finish()) throw KernelError("delete", EMSGSIZE);
  netlink::Transact(socket, "delete", writer.data(), sequence);
}

FlowDump::FlowDump(netlink::SocketPool& pool, const FlowFilter& filter)
    : filter_(filter), families_(FamiliesOf(filter)), socket_(pool.Take()), dump_(*socket_) {}

void FlowDump::Start(const KernelConditions& allowed) {
  RequestBuffer buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket_->UseSequence();
  BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_GET), filter_.family, NLM_F_DUMP, sequence);
  PutFlowFilter(writer, filter_, allowed);
  if (!writer.Finish()) throw KernelError("flows", EMSGSIZE);
  dump_.Start(writer.data(), sequence);
}

template <class Visitor>
DumpState FlowDump::ReadFirst(Visitor&& visit) {
  filter_.family = families_.back();
  families_.pop_back();
  Start(kAllConditions);
  try {
    return dump_.Read(visit);
  } catch (const KernelError& error) {
    if (error.number() != EOPNOTSUPP && error.number() != EINVAL) throw;
    // It knows the filter by tuple, but not all of it.
    Start({.family = true, .mark = true, .status = true, .zone = true, .tuple = false});
    return dump_.Read(visit);
  }
}

DumpState FlowDump::ReadPart() {
  part_.clear();
  const auto read = [&](const Message& message) {
    FlowRow& row = part_.emplace_back();
    Require(ReadFlow(message, row), "flows");
    row.caused_by = 0;
    // Kernels take a condition that they do not know for none, so everything is checked here as well.
    if (!Matches(filter_, row)) part_.pop_back();
  };
  const DumpState state = std::exchange(started_, true) ? dump_.Read(read) : ReadFirst(read);
  if (state == DumpState::kDone && !families_.empty()) {
    started_ = false;
    return DumpState::kMore;
  }
  if (state != DumpState::kMore) socket_.Return();
  return state;
}

DumpState FlowDump::ReadRows(RowPiece& piece, size_t enough) {
  DumpState state;
  do {
    state = ReadPart();
    for (const FlowRow& row : part_) AppendFlow(piece, row);
  } while (state == DumpState::kMore && piece.bytes.size() < enough);
  return state;
}

}  // namespace director::conntrack
