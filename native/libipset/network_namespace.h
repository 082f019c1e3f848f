// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>

namespace director::libipset {

// Moves the calling thread into a network namespace, for good; an empty path moves nothing. Throws
// std::system_error.
void EnterNamespace(const std::string& path);

}  // namespace director::libipset
