#include "ipset/parse_extensions.h"

#include <algorithm>
#include <array>

#include "ipset/scan.h"
#include "ipset/wire.h"
#include "util/bytes.h"

namespace director::ipset {
namespace {

constexpr std::string_view kBlanks = " \t";

bool ReadTimeout(std::string_view word, EntryRow& row, EntryFault& fault) {
  const auto seconds = ScanNumber(word, kMaxTimeoutSeconds);
  // The kernel would cut a longer one to this without a word.
  if (!seconds) return Reject(fault, "timeout", word, "0–2147483 seconds");
  row.timeout = static_cast<uint32_t>(*seconds);
  return true;
}

bool ReadCount(std::string_view field, std::string_view word, uint64_t& count, EntryFault& fault) {
  const auto number = ScanNumber(word, kMaxCount);
  if (!number) return Reject(fault, field, word, "0–18446744073709551614");
  count = *number;
  return true;
}

bool ReadPackets(std::string_view word, EntryRow& row, EntryFault& fault) {
  return ReadCount("packets", word, row.packets, fault);
}

bool ReadBytes(std::string_view word, EntryRow& row, EntryFault& fault) {
  return ReadCount("bytes", word, row.bytes, fault);
}

bool ReadComment(std::string_view word, EntryRow& row, EntryFault& fault) {
  if (word.size() > kMaxCommentBytes) return Reject(fault, "comment", word, "at most 255 bytes");
  if (word.find_first_of("\"\n") != std::string_view::npos) {
    return Reject(fault, "comment", word,
                  "no quotation mark and no line break, which ipset's format cannot hold");
  }
  CopyText(word, row.comment);
  return true;
}

bool ReadSkbMark(std::string_view word, EntryRow& row, EntryFault& fault) {
  const Halves halves = SplitAt(word, '/');
  const auto mark = ScanNumber(halves.first, UINT32_MAX);
  const auto mask = halves.found ? ScanNumber(halves.second, UINT32_MAX) : UINT32_MAX;
  if (!mark || !mask) return Reject(fault, "skbmark", word, "MARK or MARK/MASK, each 0–0xffffffff");
  row.skb_mark = static_cast<uint32_t>(*mark);
  row.skb_mask = static_cast<uint32_t>(*mask);
  return true;
}

bool ReadSkbPriority(std::string_view word, EntryRow& row, EntryFault& fault) {
  const Halves halves = SplitAt(word, ':');
  const auto major = ScanHex(halves.first, UINT16_MAX);
  const auto minor = ScanHex(halves.second, UINT16_MAX);
  if (!major || !minor) return Reject(fault, "skbprio", word, "MAJOR:MINOR, each hexadecimal and 0–ffff");
  row.skb_priority = static_cast<uint32_t>(*major << 16 | *minor);
  return true;
}

bool ReadSkbQueue(std::string_view word, EntryRow& row, EntryFault& fault) {
  const auto queue = ScanNumber(word, UINT16_MAX);
  if (!queue) return Reject(fault, "skbqueue", word, "0–65535");
  row.skb_queue = static_cast<uint16_t>(*queue);
  return true;
}

bool ReadReference(std::string_view word, EntryRow& row, EntryFault& fault) {
  if (word.empty() || word.size() > kMaxNameBytes) {
    return Reject(fault, "before", word, "the name of a member set, 1–31 bytes");
  }
  CopyText(word, row.reference);
  return true;
}

using Reader = bool (*)(std::string_view word, EntryRow& row, EntryFault& fault);

struct Extension {
  std::string_view keyword;
  uint32_t fields;  // set when it is there; any of them set before makes it a second one
  Reader read;      // null for a keyword that stands alone
};

constexpr std::array<Extension, 11> kExtensionTable{{
    {"timeout", kTimeout, ReadTimeout},
    {"nomatch", kNoMatch, nullptr},
    {"packets", kPackets, ReadPackets},
    {"bytes", kBytes, ReadBytes},
    {"comment", kComment, ReadComment},
    {"skbmark", kSkbMark, ReadSkbMark},
    {"skbprio", kSkbPriority, ReadSkbPriority},
    {"skbqueue", kSkbQueue, ReadSkbQueue},
    {"wildcard", kWildcard, nullptr},
    {"before", kReference | kBefore, ReadReference},
    {"after", kReference, ReadReference},
}};

// The value of an extension: a word, or what stands between quotation marks (which cannot hold one).
bool TakeValue(std::string_view& rest, std::string_view& value) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  if (!rest.starts_with('"')) {
    value = TakeWord(rest);
    return !value.empty();
  }
  const size_t closing = rest.find('"', 1);
  const bool closed = closing != std::string_view::npos;
  const bool ends_there =
      closed && (closing + 1 == rest.size() || kBlanks.find(rest[closing + 1]) != std::string_view::npos);
  if (!ends_there) return false;
  value = rest.substr(1, closing - 1);
  rest.remove_prefix(closing + 1);
  return true;
}

bool ReadExtension(const Extension& extension, std::string_view& rest, EntryRow& row, EntryFault& fault) {
  if (row.fields & extension.fields) return Reject(fault, "entry", extension.keyword, "each option once");
  row.fields |= extension.fields;
  if (extension.read == nullptr) return true;
  std::string_view value;
  const std::string_view before = rest;
  if (!TakeValue(rest, value)) {
    return Reject(fault, "entry", before, "a value behind " + std::string(extension.keyword));
  }
  return extension.read(value, row, fault);
}

}  // namespace

std::string_view TakeWord(std::string_view& rest) {
  const auto blank = [&](size_t at) { return rest[at] == ' ' || rest[at] == '\t'; };
  size_t start = 0;
  while (start < rest.size() && blank(start)) ++start;
  size_t end = start;
  while (end < rest.size() && !blank(end)) ++end;
  const std::string_view word = rest.substr(start, end - start);
  rest.remove_prefix(end);
  return word;
}

bool ParseExtensions(std::string_view text, EntryRow& row, EntryFault& fault) {
  for (std::string_view word = TakeWord(text); !word.empty(); word = TakeWord(text)) {
    const auto found = std::find_if(kExtensionTable.begin(), kExtensionTable.end(),
                                    [=](const Extension& extension) { return extension.keyword == word; });
    if (found == kExtensionTable.end()) {
      return Reject(fault, "entry", word,
                    "one of timeout, nomatch, packets, bytes, comment, skbmark, skbprio, skbqueue, wildcard, "
                    "before, after");
    }
    if (!ReadExtension(*found, text, row, fault)) return false;
  }
  return true;
}

}  // namespace director::ipset
