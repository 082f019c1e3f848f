#pragma once

#include <string>

namespace director::test {

// Why the test case that runs cannot show anything on this machine; empty where it can. Set it and return.
inline std::string skip_reason;

}  // namespace director::test
