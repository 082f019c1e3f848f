// SPDX-License-Identifier: GPL-2.0-only
#include "network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace director::libipset {

void EnterNamespace(const std::string& path) {
  if (path.empty()) return;
  const std::string operation = "enter network namespace " + path;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), operation);
  const int error = ::setns(fd, CLONE_NEWNET) == 0 ? 0 : errno;
  ::close(fd);
  if (error != 0) throw std::system_error(error, std::generic_category(), operation);
}

}  // namespace director::libipset
