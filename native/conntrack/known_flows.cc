#include "conntrack/known_flows.h"

namespace director::conntrack {

void KnownFlows::Saw(const FlowRow& row) {
  const Key key = KeyOf(row);
  if (row.kind == EventKind::kDestroy) {
    const auto found = flows_.find(key);
    if (found != flows_.end()) {
      if (found->second.silent) --silent_;
      flows_.erase(found);
    }
    // A part of the dump that is already on its way may still show it.
    if (dumping_) destroyed_.insert(key);
    return;
  }
  Entry& entry = flows_[key];
  if (entry.silent) --silent_;
  entry = {generation_, false, row.reply};
  // The kernel may give the id of an ended flow to its successor.
  if (dumping_) destroyed_.erase(key);
}

void KnownFlows::BeginDump() {
  ++generation_;
  destroyed_.clear();
  dumping_ = true;
}

KnownFlows::Verdict KnownFlows::InDump(const FlowRow& row) {
  const Key key = KeyOf(row);
  if (destroyed_.contains(key)) return Verdict::kGone;
  const auto [found, inserted] = flows_.try_emplace(key, Entry{generation_, true, row.reply});
  if (inserted) {
    ++silent_;
    return Verdict::kUnknown;
  }
  if (found->second.generation == generation_) return Verdict::kFresh;
  found->second.generation = generation_;
  return Verdict::kKnown;
}

void KnownFlows::EndDump() {
  dumping_ = false;
  destroyed_.clear();
  for (auto flow = flows_.begin(); flow != flows_.end();) {
    const auto next = std::next(flow);
    if (flow->second.generation != generation_) {
      if (flow->second.silent) --silent_;
      gone_.push_back(flows_.extract(flow));
    }
    flow = next;
  }
}

std::optional<FlowRow> KnownFlows::NextGone() {
  while (!gone_.empty()) {
    const Flows::node_type flow = std::move(gone_.back());
    gone_.pop_back();
    // A successor of the same id has come meanwhile; to the consumer it is the same flow.
    if (!flows_.contains(flow.key())) return RowOf(flow.key(), flow.mapped());
  }
  return std::nullopt;
}

FlowRow KnownFlows::RowOf(const Key& key, const Entry& entry) {
  FlowRow row{};
  row.kind = EventKind::kDestroy;
  row.synthetic = 1;
  row.nsid = -1;
  row.present = kHasId;
  row.id = key.id;
  row.zone = key.zone;
  if (key.zone != 0) row.present |= kHasZone;
  row.original = key.original;
  row.reply = entry.reply;
  if (row.original.zone != 0) row.present |= kHasOriginalZone;
  if (row.reply.zone != 0) row.present |= kHasReplyZone;
  return row;
}

}  // namespace director::conntrack
