#pragma once

#include <cstdint>
#include <vector>

#include "ipset/changes.h"

namespace director::ipset {

// The entries as `save` prints them, each ended by a newline, so that they can be compared with what a set
// has. What does not fit the set is an empty line. Ranges, and networks of sets of addresses, stay what they
// are.
std::vector<uint8_t> CanonicalText(const Changes& changes, const EntryRules& rules);

}  // namespace director::ipset
