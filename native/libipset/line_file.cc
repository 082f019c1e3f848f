// SPDX-License-Identifier: GPL-2.0-only
#include "line_file.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace director::libipset {

LineFile::LineFile(NextLine next) : next_(std::move(next)), file_(nullptr) {
  cookie_io_functions_t functions{};
  functions.read = Read;
  file_ = fopencookie(this, "r", functions);
  if (file_ == nullptr) throw std::system_error(errno, std::generic_category(), "fopencookie");
}

LineFile::~LineFile() {
  fclose(file_);
}

// One line a call, so that the stream never reads ahead of what libipset has carried out.
ssize_t LineFile::Read(void* self, char* buffer, size_t size) {
  const std::optional<std::string> line = static_cast<LineFile*>(self)->next_();
  if (!line) return 0;
  if (line->size() + 1 > size) return -1;
  std::copy(line->begin(), line->end(), buffer);
  buffer[line->size()] = '\n';
  return static_cast<ssize_t>(line->size() + 1);
}

}  // namespace director::libipset
