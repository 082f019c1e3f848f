#pragma once

#include <functional>
#include <string>
#include <vector>

#include "util/unique_fd.h"

namespace director::netlink {

// A network namespace to open things in; default-constructed, it is the calling process's own.
//
// The caller's thread is never moved: whatever has to be opened inside is opened by a short-lived helper
// thread that enters the namespace and ends there.
class Namespace {
 public:
  Namespace() = default;
  // Throws KernelError when the path cannot be opened or is not a network namespace.
  static Namespace Open(const std::string& path);
  // A new one that nothing else refers to, for trying things out; it goes with this object. Throws
  // KernelError, EPERM without CAP_SYS_ADMIN.
  static Namespace MakeFresh();

  bool own() const { return !fd_; }

  // socket(2) inside the namespace.
  UniqueFd OpenSocket(int domain, int type, int protocol) const;
  // open(2) of a file below /proc/net or /proc/sys/net as a task inside the namespace sees it.
  UniqueFd OpenFile(const std::string& path, int flags) const;
  // All files below such a folder, as paths relative to it, sorted.
  std::vector<std::string> ListFiles(const std::string& folder) const;
  // Calls `work`, which returns an errno or 0, on a thread inside and waits for it; throws KernelError unless
  // it returns 0.
  void Inside(const std::string& operation, const std::function<int()>& work) const;

 private:
  template <class Function>
  UniqueFd OpenInside(const char* operation, Function open) const;

  UniqueFd fd_;
};

}  // namespace director::netlink
