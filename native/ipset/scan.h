#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace director::ipset {

// Strict readers of single values. None of them asks a name service, none accepts octal numbers or short
// addresses
// ("10.1"), which ipset would read as something that few people mean.

// Decimal, or hexadecimal behind "0x".
std::optional<uint64_t> ScanNumber(std::string_view text, uint64_t max);
// Hexadecimal, with or without "0x".
std::optional<uint64_t> ScanHex(std::string_view text, uint64_t max);
// Writes the address in network order; brackets around it are allowed. Returns its family, or 0.
uint8_t ScanAddress(std::string_view text, uint8_t (&out)[16]);
// Six two-digit hexadecimal bytes between colons.
bool ScanMac(std::string_view text, uint8_t (&out)[6]);

// Splits at the first `separator`; the second half is empty and `found` false where there is none.
struct Halves {
  std::string_view first;
  std::string_view second;
  bool found = false;
};
Halves SplitAt(std::string_view text, char separator);
// The text between '[' and ']' where it is wrapped so.
std::string_view Unbracketed(std::string_view text);

}  // namespace director::ipset
