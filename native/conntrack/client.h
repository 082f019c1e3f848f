#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "conntrack/deletion.h"
#include "conntrack/flow_filter.h"
#include "conntrack/records.h"
#include "netlink/batch.h"
#include "netlink/dump.h"
#include "netlink/pool.h"
#include "netlink/report.h"
#include "util/row_memory.h"

namespace director::conntrack {

// Conntrack in one network namespace. Any thread, any number of calls at once; each blocks the calling
// thread. Throws KernelError.
class Client {
 public:
  explicit Client(netlink::SocketPool& pool) : pool_(pool) {}

  // Tables of WriteRow, in order.
  netlink::BatchEnd Write(std::vector<Bytes> tables, const netlink::BatchOptions& options,
                          netlink::RunReport& report);
  // The flow of that tuple and zone; empty when there is none.
  std::optional<FlowRow> Get(const FlowRow& identity);
  // Deletes exactly the flows that match, in the kernel where this one is known to do it right.
  Deletion Delete(const FlowFilter& filter);
  TableStats GetTableStats();
  std::vector<CpuStatsRow> GetCpuStats();
  std::vector<ExpectationRow> GetExpectations();

  // What of a filter the running kernel honours when it deletes; found out in a namespace of its own, so that
  // nothing of anybody's can be harmed. Nothing, where no namespace may be made.
  const KernelConditions& deletes();

  netlink::SocketPool& pool() { return pool_; }

 private:
  uint64_t Count(const FlowFilter& filter);
  Deletion DeleteEach(const FlowFilter& filter);

  netlink::SocketPool& pool_;
  std::mutex mutex_;
  std::optional<KernelConditions> deletes_;
};

// A dump of the flows that match, read piece by piece. One thread at a time.
class FlowDump {
 public:
  FlowDump(netlink::SocketPool& pool, const FlowFilter& filter);

  // Calls `visit(const FlowRow&)` for what comes next.
  template <class Visitor>
  netlink::DumpState Read(Visitor&& visit);
  // Appends rows until there are at least `enough` bytes or the dump is over.
  netlink::DumpState ReadRows(RowPiece& piece, size_t enough);

 private:
  void Start(const KernelConditions& allowed);
  template <class Visitor>
  netlink::DumpState ReadFirst(Visitor&& visit);
  netlink::DumpState ReadPart();

  // Of one family at a time where the kernel wants to know it.
  FlowFilter filter_;
  std::vector<uint8_t> families_;  // to be asked for yet, the next one last
  netlink::SocketPool::Lease socket_;
  netlink::Dump dump_;
  std::vector<FlowRow> part_;
  bool started_ = false;
};

// One DELETE message that leaves the choice to the kernel. Without any condition it empties the table. The
// conditions must be among those that the kernel honours: one that it does not know it takes for none.
void DeleteInKernel(netlink::Socket& socket, const FlowFilter& filter);

template <class Visitor>
netlink::DumpState FlowDump::Read(Visitor&& visit) {
  const netlink::DumpState state = ReadPart();
  for (const FlowRow& row : part_) visit(row);
  return state;
}

}  // namespace director::conntrack
