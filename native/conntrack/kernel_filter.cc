#include "conntrack/kernel_filter.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include "bpf/conntrack_filter_code.h"
#include "util/error.h"

namespace director::conntrack {
namespace {

// Nothing matches it: (mark & 0) is never 1.
constexpr FilterMark kFreeSlot = {1, 0};

template <class Key>
std::vector<Key> Without(const std::vector<Key>& keys, const std::vector<Key>& others) {
  std::vector<Key> left;
  std::set_difference(keys.begin(), keys.end(), others.begin(), others.end(), std::back_inserter(left),
                      ComesBefore<Key>);
  return left;
}

template <class Key>
Bytes BytesOfAll(const std::vector<Key>& keys) {
  return {reinterpret_cast<const uint8_t*>(keys.data()), keys.size() * sizeof(Key)};
}

bool Same(const FilterMark& a, const FilterMark& b) {
  return a.value == b.value && a.mask == b.mask;
}

bool Contains(std::span<const FilterMark> marks, const FilterMark& mark) {
  return std::any_of(marks.begin(), marks.end(), [&](const FilterMark& one) { return Same(one, mark); });
}

}  // namespace

KernelFilter::KernelFilter(uint32_t capacity)
    : config_map_("config_map", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(FilterConfig), 1, 0),
      // Entries are allocated as they come: most filters are far smaller than their capacity.
      members_("member_map", BPF_MAP_TYPE_HASH, sizeof(FilterKey), sizeof(uint8_t), capacity * 2,
               BPF_F_NO_PREALLOC),
      prefixes_("prefix_map", BPF_MAP_TYPE_LPM_TRIE, sizeof(FilterPrefix), sizeof(uint8_t), capacity * 2,
                BPF_F_NO_PREALLOC) {
  std::fill(std::begin(config_.marks), std::end(config_.marks), kFreeSlot);
  config_.flags = rules_.flags;
  WriteConfig();
  const std::array<bpf::NamedMap, 3> maps = {
      {{"config_map", config_map_}, {"member_map", members_}, {"prefix_map", prefixes_}}};
  program_ =
      bpf::LoadSocketFilter("conntrack_filt", bpf::kConntrackFilterCode, bpf::kConntrackFilterMaps, maps);
}

// The conditions are one byte, so a program that runs meanwhile sees the old ones or the new ones; the hints
// next to them are widened before and narrowed after.
void KernelFilter::WriteConfig() {
  const uint32_t zero = 0;
  config_map_.Update(&zero, &config_);
}

void KernelFilter::AddMarks(const std::vector<FilterMark>& marks) {
  for (const FilterMark& mark : marks) {
    if (Contains(config_.marks, mark)) continue;
    const auto slot = std::find_if(std::begin(config_.marks), std::end(config_.marks),
                                   [](const FilterMark& one) { return Same(one, kFreeSlot); });
    if (slot == std::end(config_.marks)) throw KernelError("setFilter", E2BIG, "too many marks");
    *slot = mark;
  }
}

void KernelFilter::KeepMarks(const std::vector<FilterMark>& marks) {
  for (FilterMark& slot : config_.marks) {
    if (!Contains(marks, slot)) slot = kFreeSlot;
  }
}

void KernelFilter::Apply(const FilterRules& rules) {
  // Widen: whatever the new rules pass is found from here on.
  const auto added_members = Without(rules.members, rules_.members);
  const auto added_prefixes = Without(rules.prefixes, rules_.prefixes);
  const FilterConfig before = config_;
  try {
    AddMarks(rules.marks);
    members_.InsertAll(BytesOfAll(added_members));
    prefixes_.InsertAll(BytesOfAll(added_prefixes));
  } catch (const KernelError&) {
    members_.RemoveAll(BytesOfAll(added_members));
    prefixes_.RemoveAll(BytesOfAll(added_prefixes));
    config_ = before;
    throw;
  }
  const uint64_t hints = (config_.flags | rules.flags) & ~uint64_t{FILTER_CONDITIONS};
  config_.flags = (config_.flags & FILTER_CONDITIONS) | hints;
  WriteConfig();
  // Switch.
  config_.flags = (rules.flags & FILTER_CONDITIONS) | hints;
  WriteConfig();
  // Narrow: drop what only the old rules passed.
  config_.flags = rules.flags;
  KeepMarks(rules.marks);
  WriteConfig();
  members_.RemoveAll(BytesOfAll(Without(rules_.members, rules.members)));
  prefixes_.RemoveAll(BytesOfAll(Without(rules_.prefixes, rules.prefixes)));
  rules_ = rules;
}

}  // namespace director::conntrack
