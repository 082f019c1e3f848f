// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

namespace director::libipset {

// A word that is not passed on to libipset, and what would have been.
struct Refusal {
  std::string word;
  std::string allowed;
};

}  // namespace director::libipset
