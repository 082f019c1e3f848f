#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "conntrack/known_flows.h"
#include "conntrack/native_filter.h"
#include "netlink/dump.h"
#include "netlink/namespace.h"

namespace director::conntrack {

// Why the table is read again; it decides what the consumer is told.
enum class ResyncCause {
  kStart,         // flows older than the listener: all are new to the consumer
  kLoss,          // events were dropped: known flows may have changed or ended
  kFilterChange,  // other flows pass now; those that no longer do are forgotten without a word
  kSilentFlows,   // flows older than the listener end without an event
};

// Reads the table while events go on, a part at a time, and turns what the consumer does not know into
// synthetic events. Used by the reader's thread alone.
class Resync {
 public:
  using Emit = std::function<void(const FlowRow&)>;

  Resync(std::shared_ptr<const netlink::Namespace> where, const NativeFilter& filter, Emit emit);
  ~Resync();

  // Starts over when a dump is under way.
  void Begin(ResyncCause cause);
  bool active() const { return dump_ != nullptr || known_.HasGone(); }
  // Reads what the kernel gives at once, at most a few hundred KiB of the table, or tells of some flows that
  // are no longer in it.
  void ReadSome();
  void Saw(const FlowRow& row) { known_.Saw(row); }
  size_t known_flows() const { return known_.size(); }
  // Whether there are flows whose end only another dump can show.
  bool HasSilentFlows() const { return known_.silent() > 0; }

 private:
  struct TableDump;

  void Compare(const netlink::Message& message);
  void TellGone();

  std::shared_ptr<const netlink::Namespace> where_;
  const NativeFilter& filter_;
  Emit emit_;
  KnownFlows known_;
  ResyncCause cause_ = ResyncCause::kStart;
  std::unique_ptr<TableDump> dump_;
  std::shared_ptr<const CompiledRules> rules_;
};

}  // namespace director::conntrack
