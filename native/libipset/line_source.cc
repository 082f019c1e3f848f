// SPDX-License-Identifier: GPL-2.0-only
#include "line_source.h"

namespace director::libipset {

std::optional<std::string> LineSource::Next() {
  std::optional<std::string> line = Take();
  if (!line) return std::nullopt;
  ++number_;
  if (last_.size() == kRemembered) last_.pop_front();
  last_.push_back(*line);
  return line;
}

std::string LineSource::TextOf(uint32_t number) const {
  const uint32_t age = number_ - number;
  if (number > number_ || age >= last_.size()) return {};
  return last_[last_.size() - 1 - age];
}

std::optional<std::string> LineSource::Take() {
  std::string line;
  for (;;) {
    const size_t newline = chunk_.find('\n', position_);
    if (newline != chunk_.npos) {
      line.append(chunk_, position_, newline - position_);
      position_ = newline + 1;
      return line;
    }
    line.append(chunk_, position_);
    position_ = 0;
    auto more = next_chunk_();
    chunk_ = more ? std::move(*more) : std::string();
    if (more) continue;
    // The last line may lack its newline.
    if (line.empty()) return std::nullopt;
    return line;
  }
}

}  // namespace director::libipset
