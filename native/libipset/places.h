// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "command.h"
#include "session.h"
#include "words.h"

extern "C" {
#include <libipset/types.h>
}

namespace director::libipset {

// A piece of a word that libipset will read as a value, and how.
struct Place {
  size_t word;  // index
  size_t begin, size;
  enum ipset_opt meaning;
  ipset_parsefn parse;

  bool may_name_protocol() const;
  bool may_be_range() const;
};

struct Places {
  std::vector<Place> list;
  // False: the command is about a set that is not there, or cannot be asked about.
  bool known = true;
  uint8_t family = 0;  // of the set, NFPROTO_…
};

// The values in a command that makes a set or names an entry, as libipset cuts them out according to the
// set's type; none in other commands. Pieces of one word stand in order.
Places PlacesOf(Session& session, const Words& words, const Command& command);

}  // namespace director::libipset
