#pragma once

#include <string_view>

#include "ipset/entry_fault.h"
#include "ipset/records.h"

namespace director::ipset {

// Takes the next word, up to a blank, off the front of `rest`; empty at the end.
std::string_view TakeWord(std::string_view& rest);

// Reads what may follow an element: timeout, nomatch, packets, bytes, comment, skbmark, skbprio, skbqueue,
// wildcard, before, after. Each once.
bool ParseExtensions(std::string_view text, EntryRow& row, EntryFault& fault);

}  // namespace director::ipset
