// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace director::libipset {

using Words = std::vector<std::string>;

// A line of ipset's language as its words: blanks separate, double quotes group, nothing escapes, and an
// empty word is no word. Nothing when a quote stays open.
std::optional<Words> SplitWords(std::string_view line);

// The line that SplitWords, and libipset, reads as exactly these words. A word cannot hold a double quote.
std::string JoinWords(const Words& words);

// A blank line or a comment.
bool IsIdle(std::string_view line);

}  // namespace director::libipset
