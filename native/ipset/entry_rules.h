#pragma once

#include <cstdint>

#include "ipset/entry_fault.h"
#include "ipset/records.h"
#include "ipset/set_type.h"

namespace director::ipset {

// Which fields an entry of a set must and may have; made once for many entries.
struct EntryRules {
  explicit EntryRules(const SetShape& shape);

  SetShape shape;
  uint32_t required = 0;
  uint32_t allowed = 0;
};

// Which address field a part of the type fills: a type has at most two address parts.
enum class Side { kFirst, kSecond };

// Whether an entry fits a set of this type, whatever it was read from; names the first field that does not. A
// prefix as long as the address is dropped, so that equal entries are equal rows.
bool CheckEntry(const EntryRules& rules, EntryRow& row, EntryFault& fault);

}  // namespace director::ipset
