#pragma once

#include <optional>
#include <string>

#include "program/start.h"
#include "util/unique_fd.h"

namespace director::program {

struct Result {
  // 128 + n where signal n ended it.
  int exit_code = 0;
  std::string output;
  std::string errors;
};

// Ends a run from another thread, at once and for good.
class Stop {
 public:
  // Throws KernelError.
  Stop();
  void Now() const;
  // Readable from then on.
  int fd() const { return event_.get(); }

 private:
  UniqueFd event_;
};

// Starts a program, gives it the input, and reads both outputs until it has closed them and ended. nullopt:
// there is none of that name. Throws KernelError; ECANCELED when it was stopped, and then the program goes on
// without us: its streams are closed. The process has to ignore SIGPIPE, as Node does: a program need not
// read.
std::optional<Result> Run(const netlink::Namespace& where, const Command& command, std::string_view input,
                          const Stop& stop);

}  // namespace director::program
