#pragma once

#include <string>
#include <string_view>

namespace director::ipset {

// Why an entry was not sent: which field of it, what stood there, and what is allowed there.
struct EntryFault {
  std::string_view field;
  std::string value;
  std::string allowed;
};

// Refusals of our own are kept apart from the kernel's numbers, which are positive.
inline constexpr int kEntryFaultCode = -1;

// Fills the fault in; always false, so that a reader can `return Reject(…)`.
inline bool Reject(EntryFault& fault, std::string_view field, std::string_view value, std::string allowed) {
  fault = {field, std::string(value), std::move(allowed)};
  return false;
}

}  // namespace director::ipset
