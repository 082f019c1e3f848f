#include "netlink/buffer_size.h"

#include <sys/socket.h>

#include <cerrno>

#include "util/error.h"

namespace director::netlink {
namespace {

size_t Grow(int fd, int force, int plain, int wanted) {
  if (::setsockopt(fd, SOL_SOCKET, force, &wanted, sizeof wanted) != 0) {
    (void)::setsockopt(fd, SOL_SOCKET, plain, &wanted, sizeof wanted);
  }
  int actual = 0;
  socklen_t size = sizeof actual;
  if (::getsockopt(fd, SOL_SOCKET, plain, &actual, &size) != 0) throw KernelError("getsockopt", errno);
  return static_cast<size_t>(actual);
}

}  // namespace

size_t GrowSendBuffer(int fd, int wanted) {
  return Grow(fd, SO_SNDBUFFORCE, SO_SNDBUF, wanted);
}

size_t GrowReceiveBuffer(int fd, int wanted) {
  return Grow(fd, SO_RCVBUFFORCE, SO_RCVBUF, wanted);
}

}  // namespace director::netlink
