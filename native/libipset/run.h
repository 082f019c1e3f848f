// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "channel.h"
#include "screen.h"
#include "words.h"

namespace director::libipset {

struct Request {
  enum class Mode {
    kCommand,  // one command line, like the ipset tool
    kRestore,  // the lines of the input; warnings do not end it, and an error leaves no earlier line undone
  };
  Mode mode = Mode::kCommand;
  Words words;
  std::string network_namespace;  // a path; empty: that of the thread that starts the run
  bool ignores_presence = false;  // "-exist"
  // Without it the names in the words are libipset's affair, as with the tool.
  std::optional<Permissions> screen;
};

struct Failure {
  enum class Kind {
    kSystem,   // a system call: `number` is its errno
    kIpset,    // libipset's words; `number` is the kernel's, 0 where it was not asked
    kNotice,   // the answer "no" to a test
    kRefused,  // not passed on: `word` and what is `allowed`
  };
  Kind kind = Kind::kIpset;
  std::string message;
  uint32_t line = 0;  // from 1; 0 where no line is to blame
  std::string text;   // that line
  int number = 0;
  std::string type;  // of the set it is about: what a number from 4352 up means depends on it
  std::string word, allowed;
};

struct Result {
  int exit_code = 0;
  bool cancelled = false;
  uint32_t lines = 0;  // read from the input
  std::optional<Failure> failure;
  std::vector<std::string> warnings;
};

// Carries a request out on the calling thread, which is moved into the namespace for good: give it one of its
// own.
Result Execute(const Request& request, Channel& channel);

}  // namespace director::libipset
