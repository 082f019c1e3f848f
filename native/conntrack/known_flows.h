#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "conntrack/records.h"

namespace director::conntrack {

// The flows that a consumer of events has been told of. A dump compared with it says what the consumer has
// missed. Used by the reader's thread alone.
class KnownFlows {
 public:
  enum class Verdict {
    kFresh,    // an event of this moment or an earlier part of this dump has told of it already
    kUnknown,  // nobody told the consumer
    kKnown,    // it is known; what it looks like now may not be
    kGone,     // an event has ended it since the dump began
  };

  // An event came in.
  void Saw(const FlowRow& row);

  // A dump begins: from here, flows have to be seen again.
  void BeginDump();
  // A row of the dump; marks the flow as seen.
  Verdict InDump(const FlowRow& row);
  // The dump is over: forgets every flow that was not seen. NextGone() tells of them one by one.
  void EndDump();
  // A synthetic end of the next flow that EndDump() has forgotten; empty when all are told.
  std::optional<FlowRow> NextGone();
  void ForgetGone() { gone_.clear(); }
  bool HasGone() const { return !gone_.empty(); }

  // Flows that no event has ever been seen of: they may be older than the listener, and then the kernel will
  // not report their end.
  size_t silent() const { return silent_; }
  size_t size() const { return flows_.size(); }

 private:
  // What tells a flow from every other: the kernel's id alone is a 32-bit hash.
  struct Key {
    Tuple original;
    uint32_t id;
    uint16_t zone;
    uint16_t reserved;
  };
  struct Entry {
    uint32_t generation;
    bool silent;
    Tuple reply;
  };
  struct HashKey {
    size_t operator()(const Key& key) const {
      return std::hash<std::string_view>()({reinterpret_cast<const char*>(&key), sizeof key});
    }
  };
  struct SameKey {
    bool operator()(const Key& a, const Key& b) const { return std::memcmp(&a, &b, sizeof a) == 0; }
  };

  static Key KeyOf(const FlowRow& row) { return {row.original, row.id, row.zone, 0}; }
  static FlowRow RowOf(const Key& key, const Entry& entry);

  using Flows = std::unordered_map<Key, Entry, HashKey, SameKey>;

  Flows flows_;
  std::unordered_set<Key, HashKey, SameKey> destroyed_;
  std::vector<Flows::node_type> gone_;
  uint32_t generation_ = 0;
  size_t silent_ = 0;
  bool dumping_ = false;
};

}  // namespace director::conntrack
