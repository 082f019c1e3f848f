// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace director::libipset {

// Where libipset parts a word: at the first separator, unless the word begins or ends with one.
size_t Separator(std::string_view word, char separator);

// A whole number as libipset reads it, which is as C does.
std::optional<unsigned long long> Number(const std::string& word, unsigned long long max);

// "[first]-[second]" without its brackets; the second is empty where there is none. Nothing: not of this
// form.
std::optional<std::pair<std::string, std::string>> Range(const std::string& word);

// An address, "address-address" or "address/length" of addresses that the resolver answers, with yes or no,
// without asking anybody.
bool IsNumericAddressRange(const std::string& word);

}  // namespace director::libipset
