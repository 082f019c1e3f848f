#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "bpf/conntrack_filter.h"
#include "conntrack/records.h"

namespace director::conntrack {

// How many marks a filter may have: while rules change, the old and the new are there at once.
inline constexpr uint32_t kMostMarks = FILTER_MARKS / 2;

// What a filter of events wants, normalised: sorted, each member once, so that two filters can be compared.
struct FilterRules {
  static constexpr uint64_t kKinds = FILTER_NEW | FILTER_UPDATE | FILTER_DESTROY;

  // FILTER_* conditions and hints.
  uint64_t flags = kKinds;
  // The kinds of events that the consumer is told of; others that pass are for the listener's own use.
  uint64_t shown = kKinds;
  std::vector<FilterKey> members;
  std::vector<FilterPrefix> prefixes;
  std::vector<FilterMark> marks;
};

// Throws KernelError with E2BIG where rules have more endpoints and zones, or more networks, than `capacity`.
void CheckCapacity(const FilterRules& rules, uint32_t capacity);

// `conditions` are FILTER_* bits of the first byte; the hints follow from the rows.
FilterRules MakeRules(uint64_t conditions, std::span<const FilterRow> rows);

// Keys compare by their bytes; they have no padding that differs.
template <class Key>
bool ComesBefore(const Key& a, const Key& b) {
  static_assert(std::has_unique_object_representations_v<Key>);
  return std::memcmp(&a, &b, sizeof(Key)) < 0;
}

// A network's address with the bits behind its prefix cleared.
FilterPrefix MakePrefix(uint8_t role, uint8_t family, const uint8_t (&address)[16], uint32_t length);

// What runs a filter.
class EventFilter {
 public:
  virtual ~EventFilter() = default;

  // Changes over to other rules without a gap: an event that both the old and the new rules pass, passes all
  // the time. One call at a time; the filter works meanwhile. Throws KernelError, and keeps the old rules,
  // when there is no room.
  virtual void Apply(const FilterRules& rules) = 0;
};

}  // namespace director::conntrack
