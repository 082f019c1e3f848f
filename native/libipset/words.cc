// SPDX-License-Identifier: GPL-2.0-only
#include "words.h"

#include <algorithm>
#include <cctype>

namespace director::libipset {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// More than the separators: what libipset skips at the start of a line.
bool IsSpace(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

bool NeedsQuotes(const std::string& word) {
  return word.starts_with('#') || std::any_of(word.begin(), word.end(), IsSpace);
}

}  // namespace

Line SplitWords(std::string_view line) {
  Words words;
  std::string word;
  bool quoted = false;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (IsBlank(c) && !quoted) {
      finish();
    } else {
      word.push_back(c);
    }
  }
  if (!quoted) finish();
  return {std::move(words), quoted};
}

std::string JoinWords(const Words& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line.push_back(' ');
    line += NeedsQuotes(word) ? '"' + word + '"' : word;
  }
  return line;
}

bool IsIdle(std::string_view line) {
  const auto first = std::find_if_not(line.begin(), line.end(), IsSpace);
  return first == line.end() || *first == '#';
}

}  // namespace director::libipset
