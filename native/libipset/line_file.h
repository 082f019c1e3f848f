// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>

namespace director::libipset {

// The next line without its newline; nothing at the end. Called on the thread that is inside libipset,
// between two commands. Must not throw.
using NextLine = std::function<std::optional<std::string>()>;

// A C stream that asks for one line at a time. libipset numbers the lines of a stream, and gathers additions
// into large messages for numbered lines alone: that is why lines are fed to it as a stream and not one by
// one.
class LineFile {
 public:
  // What libipset's line buffer holds; it takes a longer line for two.
  static constexpr size_t kMaxLine = 1022;

  explicit LineFile(NextLine next);
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  FILE* get() const { return file_; }

 private:
  static ssize_t Read(void* self, char* buffer, size_t size);

  NextLine next_;
  FILE* file_;
};

}  // namespace director::libipset
