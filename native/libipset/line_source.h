// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace director::libipset {

// Cuts chunks of text into lines, counts them, and remembers the last ones: an error may name a line that was
// gathered into a message and sent only later.
class LineSource {
 public:
  using NextChunk = std::function<std::optional<std::string>()>;

  explicit LineSource(NextChunk next_chunk) : next_chunk_(std::move(next_chunk)) {}

  // The next line without its newline.
  std::optional<std::string> Next();
  // The number of the line handed out last, from 1.
  uint32_t number() const { return number_; }
  // The text of a line; empty when it has been forgotten.
  std::string TextOf(uint32_t number) const;

 private:
  // More than libipset gathers into one message: a page of entries of 24 bytes each.
  static constexpr size_t kRemembered = 256;

  std::optional<std::string> Take();

  const NextChunk next_chunk_;
  std::string chunk_;
  size_t position_ = 0;
  uint32_t number_ = 0;
  std::deque<std::string> last_;
};

}  // namespace director::libipset
