#include "netlink/namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <thread>

#include "util/error.h"

namespace director::netlink {
namespace {

int RetryOpen(const std::string& path, int flags) {
  int fd;
  do fd = ::open(path.c_str(), flags | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace

Namespace Namespace::Open(const std::string& path) {
  Namespace result;
  result.fd_ = UniqueFd(RetryOpen(path, O_RDONLY));
  if (!result.fd_) throw KernelError("open network namespace " + path, errno);
  const int type = ::ioctl(result.fd_.get(), NS_GET_NSTYPE);
  if (type != CLONE_NEWNET) throw KernelError("open network namespace " + path, type < 0 ? errno : EINVAL);
  return result;
}

template <class Function>
UniqueFd Namespace::Inside(const char* operation, Function open) const {
  int fd = -1, error = 0;
  const auto attempt = [&] {
    fd = open();
    if (fd < 0) error = errno;
  };
  if (own()) {
    attempt();
  } else {
    std::thread([&] {
      if (::setns(fd_.get(), CLONE_NEWNET) == 0) {
        attempt();
      } else {
        error = errno;
      }
    }).join();
  }
  if (fd < 0) throw KernelError(operation, error);
  return UniqueFd(fd);
}

UniqueFd Namespace::OpenSocket(int domain, int type, int protocol) const {
  return Inside("socket", [=] { return ::socket(domain, type | SOCK_CLOEXEC, protocol); });
}

UniqueFd Namespace::OpenFile(const std::string& path, int flags) const {
  // /proc/net is that of the process's main thread; only thread-self shows the helper's namespace.
  constexpr std::string_view kProcNet = "/proc/net/";
  const std::string actual =
      path.starts_with(kProcNet) ? "/proc/thread-self/net/" + path.substr(kProcNet.size()) : path;
  return Inside("open", [&] { return RetryOpen(actual, flags); });
}

}  // namespace director::netlink
