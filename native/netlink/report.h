#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace director::netlink {

// An operation that did not take effect, or (code 0) of which nobody knows because the reply was lost.
struct Refusal {
  uint32_t operation;
  int32_t code;      // positive errno or kernel error number
  std::string text;  // extended acknowledgement, mostly empty
};

// What became of a run of operations, numbered from 0. Those below `attempted` that are not refused took
// effect.
struct RunReport {
  uint32_t attempted = 0;
  std::vector<Refusal> refused;
};

}  // namespace director::netlink
