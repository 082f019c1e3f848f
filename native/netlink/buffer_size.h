#pragma once

#include <cstddef>

namespace director::netlink {

// Makes a socket's buffer as large as wanted, or as the limits admit without CAP_NET_ADMIN. Both return what
// the kernel granted: it doubles the number.
size_t GrowSendBuffer(int fd, int wanted);
size_t GrowReceiveBuffer(int fd, int wanted);

}  // namespace director::netlink
