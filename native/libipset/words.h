// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace director::libipset {

using Words = std::vector<std::string>;

struct Line {
  Words words;
  // A quote stays open. libipset then drops the word that it is in, and takes the others for the line.
  bool open = false;
};

// A line of ipset's language as its words: blanks separate, double quotes group, nothing escapes, and an
// empty word is no word.
Line SplitWords(std::string_view line);

// The line that SplitWords, and libipset, reads as exactly these words. A word cannot hold a double quote.
std::string JoinWords(const Words& words);

// A blank line or a comment.
bool IsIdle(std::string_view line);

}  // namespace director::libipset
