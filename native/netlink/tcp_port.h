#pragma once

#include <cstdint>
#include <string>

#include "netlink/namespace.h"
#include "util/unique_fd.h"

namespace director::netlink {

// A TCP socket inside the namespace, bound to an IPv4 or IPv6 address (`::`: all of both families), not
// listening yet. A socket stays in the namespace that it was made in, whoever listens on it. Throws
// KernelError.
UniqueFd BindTcpPort(const Namespace& where, const std::string& address, uint16_t port);

}  // namespace director::netlink
