#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "netlink/namespace.h"
#include "util/unique_fd.h"

namespace director::program {

struct Command {
  // The program first: a path, or a name that is looked for in the folders of PATH, as execvp(3) does. Never
  // empty, and never read by a shell.
  std::vector<std::string> words;
  // All that the program gets of it, each `NAME=value`; PATH is taken from here, too.
  std::vector<std::string> environment;
};

// A program that was started, with our ends of its standard streams. Its exit code has to be taken.
struct Program {
  pid_t id = 0;
  UniqueFd input;
  UniqueFd output;
  UniqueFd errors;
};

// Starts a program in the namespace; nullopt: there is none of that name. Throws KernelError.
//
// Nothing of this process is copied for it, however much memory it has, and only the calling thread waits
// until the program is loaded. fork(2), which Node's child_process does on the event loop's thread, copies
// the page tables first.
std::optional<Program> Start(const netlink::Namespace& where, const Command& command);

// The exit code of a program that has ended, 128 + n where signal n ended it; nullopt: it has not. Does not
// wait. A code can be taken once: after that, KernelError ECHILD.
std::optional<int> TakeExitCode(pid_t id);

}  // namespace director::program
