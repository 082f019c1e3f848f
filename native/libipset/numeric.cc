// SPDX-License-Identifier: GPL-2.0-only
#include "numeric.h"

#include <cerrno>
#include <cstdlib>

namespace director::libipset {

size_t Separator(std::string_view word, char separator) {
  if (word.empty() || word.front() == separator || word.back() == separator) return word.npos;
  return word.find(separator);
}

std::optional<unsigned long long> Number(const std::string& word, unsigned long long max) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long number = std::strtoull(word.c_str(), &end, 0);
  if (end == word.c_str() || *end != '\0' || errno == ERANGE || number > max) return std::nullopt;
  return number;
}

std::optional<std::pair<std::string, std::string>> Range(const std::string& word) {
  const auto bare = [](const std::string& side) -> std::optional<std::string> {
    if (!side.starts_with('[')) return side;
    if (side.size() < 2 || !side.ends_with(']')) return std::nullopt;
    return side.substr(1, side.size() - 2);
  };
  size_t dash = Separator(word, '-');
  if (word.starts_with('[')) {
    const size_t close = word.find(']');
    if (close == word.npos) return std::nullopt;
    dash = close + 1 == word.size() ? word.npos : close + 1;
    if (dash != word.npos && word[dash] != '-') return std::nullopt;
  }
  const auto first = bare(word.substr(0, dash));
  const auto second = dash == word.npos ? std::string() : bare(word.substr(dash + 1));
  if (!first || !second || (dash != word.npos && second->empty())) return std::nullopt;
  return {{*first, *second}};
}

namespace {

// Dotted numbers, and whatever has the characters of an IPv6 address.
bool IsNumericAddress(const std::string& word) {
  if (word.empty() || word.front() == '.' || word.back() == '.') return false;
  if (word.find_first_not_of("0123456789.") == word.npos) return true;
  return word.find(':') != word.npos && word.find_first_not_of("0123456789abcdefABCDEF:.") == word.npos;
}

}  // namespace

bool IsNumericAddressRange(const std::string& word) {
  if (const size_t slash = Separator(word, '/'); slash != word.npos) {
    const auto head = Range(word.substr(0, slash));
    return head && head->second.empty() && IsNumericAddress(head->first);
  }
  const auto range = Range(word);
  return range && IsNumericAddress(range->first) &&
         (range->second.empty() || IsNumericAddress(range->second));
}

}  // namespace director::libipset
