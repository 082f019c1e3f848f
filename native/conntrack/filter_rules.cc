#include "conntrack/filter_rules.h"

#include <endian.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "util/error.h"

namespace director::conntrack {
namespace {

FilterKey KeyOf(const FilterRow& row) {
  FilterKey key{};
  key.role = row.role;
  key.family = row.family;
  key.protocol = row.protocol;
  key.port = htobe16(row.port);
  std::memcpy(key.address, row.address, sizeof key.address);
  return key;
}

template <class Key>
void Normalise(std::vector<Key>& keys) {
  std::sort(keys.begin(), keys.end(), ComesBefore<Key>);
  const auto same = [](const Key& a, const Key& b) { return std::memcmp(&a, &b, sizeof a) == 0; };
  keys.erase(std::unique(keys.begin(), keys.end(), same), keys.end());
}

}  // namespace

FilterPrefix MakePrefix(uint8_t role, uint8_t family, const uint8_t (&address)[16], uint32_t length) {
  FilterPrefix prefix{};
  length = std::min<uint32_t>(length, sizeof address * 8);
  prefix.prefix_bits = FILTER_PREFIX_HEAD_BITS + length;
  prefix.role = role;
  prefix.family = family;
  for (uint32_t byte = 0; byte < sizeof address && byte * 8 < length; ++byte) {
    const uint32_t kept = std::min(length - byte * 8, 8u);
    prefix.address[byte] = address[byte] & static_cast<uint8_t>(0xff << (8 - kept));
  }
  return prefix;
}

void CheckCapacity(const FilterRules& rules, uint32_t capacity) {
  const size_t most = std::max(rules.members.size(), rules.prefixes.size());
  if (most <= capacity) return;
  throw KernelError(
      "setFilter", E2BIG,
      "the filter has " + std::to_string(most) + " members, and room for " + std::to_string(capacity));
}

FilterRules MakeRules(uint64_t conditions, std::span<const FilterRow> rows) {
  FilterRules rules;
  rules.flags = conditions & FILTER_CONDITIONS;
  rules.shown = conditions & FilterRules::kKinds;
  for (const FilterRow& row : rows) {
    switch (row.role) {
      case FILTER_DESTINATION_PREFIX:
        rules.flags |= FILTER_HAS_PREFIXES;
        [[fallthrough]];
      case FILTER_SOURCE_PREFIX:
        rules.prefixes.push_back(MakePrefix(row.role, row.family, row.address, row.prefix_length));
        break;
      case kMarkRow:
        rules.marks.push_back({row.value & row.mask, row.mask});
        break;
      case FILTER_SERVER:
        rules.flags |= FILTER_HAS_SERVERS;
        [[fallthrough]];
      default:
        if (row.role != FILTER_ZONE && row.port == 0) rules.flags |= FILTER_HAS_ANY_PORT;
        rules.members.push_back(KeyOf(row));
    }
  }
  Normalise(rules.members);
  Normalise(rules.prefixes);
  Normalise(rules.marks);
  return rules;
}

}  // namespace director::conntrack
