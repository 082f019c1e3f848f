// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "words.h"

extern "C" {
#include <libipset/ipset.h>
}

namespace director::libipset {

// An option of the ipset command line, which may stand anywhere in it.
struct Option {
  const char* name[2];
  int flag;  // IPSET_ENV_…, 0 where the option takes an argument
  bool has_argument;
};

extern const Option kOutputOption;
extern const Option kFileOption;
extern const Option kResolveOption;

struct FoundOption {
  const Option* option;
  size_t argument;  // index of its argument's word; 0 where it has none
};

// What the words of a command line are, found as libipset finds it; indexes are those of the words.
struct Command {
  enum ipset_cmd id = IPSET_CMD_NONE;
  std::vector<FoundOption> options;
  // The words that belong to no option; the first names the command.
  std::vector<size_t> rest;

  bool Has(const Option& option) const;
};

Command ParseCommand(const Words& words);

}  // namespace director::libipset
