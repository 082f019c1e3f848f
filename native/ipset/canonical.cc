#include "ipset/canonical.h"

#include <string>

#include "ipset/print_entry.h"

namespace director::ipset {
namespace {

// The kernel keeps a network without the bits behind its prefix.
void Cut(uint8_t (&address)[16], unsigned prefix) {
  for (unsigned byte = 0; byte < sizeof address; ++byte) {
    const unsigned kept = prefix > byte * 8 ? prefix - byte * 8 : 0;
    if (kept < 8) address[byte] &= static_cast<uint8_t>(0xff00 >> kept);
  }
}

}  // namespace

std::vector<uint8_t> CanonicalText(const Changes& changes, const EntryRules& rules) {
  std::vector<uint8_t> text;
  EntryRow row{};
  EntryFault fault;
  std::string line;
  for (uint32_t change = 0; change < changes.size(); ++change) {
    line.clear();
    if (changes.Read(change, rules, row, fault)) {
      if (row.fields & kPrefix) Cut(row.address, row.prefix);
      if (row.fields & kPrefix2) Cut(row.address2, row.prefix2);
      PrintEntry(row, line);
    }
    line += '\n';
    text.insert(text.end(), line.begin(), line.end());
  }
  return text;
}

}  // namespace director::ipset
