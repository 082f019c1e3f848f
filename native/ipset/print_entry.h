#pragma once

#include <string>

#include "ipset/records.h"

namespace director::ipset {

// "10.0.0.1", "2001:db8::1": as inet_ntop writes it.
std::string PrintAddress(uint8_t family, const uint8_t (&address)[16]);

// The element in ipset's own syntax: "10.0.0.1,tcp:80".
std::string PrintElement(const EntryRow& row);

// Appends element and extensions as `ipset save` writes them behind "add NAME ".
void PrintEntry(const EntryRow& row, std::string& out);

}  // namespace director::ipset
