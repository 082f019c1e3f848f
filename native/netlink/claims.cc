#include "netlink/claims.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "util/error.h"

namespace director::netlink {

// An abstract Unix socket (unix(7)): its name belongs to the network namespace, as what it stands for does,
// and no file has to be tidied away.
bool Claims::Take(const std::string& name) {
  const std::string whole = "ipvs-director/" + name;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The first byte stays zero: that is what makes it abstract.
  if (whole.size() >= sizeof address.sun_path) throw KernelError("claim " + name, ENAMETOOLONG);
  std::memcpy(address.sun_path + 1, whole.data(), whole.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + whole.size());

  UniqueFd fd = where_->OpenSocket(AF_UNIX, SOCK_DGRAM, 0);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    if (errno == EADDRINUSE) return false;
    throw KernelError("claim " + name, errno);
  }
  const std::lock_guard lock(mutex_);
  held_[name] = std::move(fd);
  return true;
}

void Claims::Drop(const std::string& name) {
  const std::lock_guard lock(mutex_);
  held_.erase(name);
}

}  // namespace director::netlink
