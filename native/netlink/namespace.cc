#include "netlink/namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
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

// /proc/net is that of the process's main thread; only thread-self shows the calling thread's namespace.
std::string OwnView(const std::string& path) {
  constexpr std::string_view kProcNet = "/proc/net/";
  return path.starts_with(kProcNet) ? "/proc/thread-self/net/" + path.substr(kProcNet.size()) : path;
}

}  // namespace

Namespace Namespace::Open(const std::string& path) {
  Namespace result;
  // Opening a pipe waits for its other end, and this is the event loop's thread.
  result.fd_ = UniqueFd(RetryOpen(path, O_RDONLY | O_NONBLOCK));
  if (!result.fd_) throw KernelError("open network namespace " + path, errno);
  // Whatever is no namespace at all refuses the request itself: ENOTTY.
  if (::ioctl(result.fd_.get(), NS_GET_NSTYPE) != CLONE_NEWNET) {
    throw KernelError("open network namespace " + path, EINVAL);
  }
  return result;
}

Namespace Namespace::MakeFresh() {
  Namespace result;
  int error = 0;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) == 0) {
      result.fd_ = UniqueFd(RetryOpen("/proc/thread-self/ns/net", O_RDONLY));
    }
    if (!result.fd_) error = errno;
  }).join();
  if (error != 0) throw KernelError("make network namespace", error);
  return result;
}

void Namespace::Inside(const std::string& operation, const std::function<int()>& work) const {
  int error = 0;
  if (own()) {
    error = work();
  } else {
    std::thread([&] { error = ::setns(fd_.get(), CLONE_NEWNET) == 0 ? work() : errno; }).join();
  }
  if (error != 0) throw KernelError(operation, error);
}

template <class Function>
UniqueFd Namespace::OpenInside(const char* operation, Function open) const {
  UniqueFd fd;
  Inside(operation, [&] {
    fd = UniqueFd(open());
    return fd ? 0 : errno;
  });
  return fd;
}

UniqueFd Namespace::OpenSocket(int domain, int type, int protocol) const {
  return OpenInside("socket", [=] { return ::socket(domain, type | SOCK_CLOEXEC, protocol); });
}

UniqueFd Namespace::OpenFile(const std::string& path, int flags) const {
  return OpenInside("open", [&] { return RetryOpen(OwnView(path), flags); });
}

std::vector<std::string> Namespace::ListFiles(const std::string& folder) const {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  Inside("list", [&] {
    const fs::path root = OwnView(folder);
    std::error_code error;
    // A folder that may not be read hides what is in it, as it does from everybody else.
    fs::recursive_directory_iterator entry(root, fs::directory_options::skip_permission_denied, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      std::error_code vanished;
      if (entry->is_regular_file(vanished)) names.push_back(entry->path().lexically_relative(root));
    }
    return error.value();
  });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace director::netlink
