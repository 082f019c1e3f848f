#pragma once

#include <string_view>

#include "ipset/entry_rules.h"

namespace director::ipset {

struct ParseOptions {
  // Accept "http" for a port: reads /etc/services. Everything else never leaves this code.
  bool service_names = false;
};

// Reads an entry in ipset's own syntax: the element, then its extensions. `row` may hold an earlier entry;
// what the new one does not set is left undefined except where `fields` says so. False fills `fault`.
bool ParseEntry(std::string_view text, const EntryRules& rules, const ParseOptions& options, EntryRow& row,
                EntryFault& fault);

}  // namespace director::ipset
