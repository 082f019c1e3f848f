#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "netlink/namespace.h"
#include "util/unique_fd.h"

namespace director::netlink {

// Names in a network namespace that one holder at a time has, in whatever process. The kernel takes a name
// back when the process that holds it ends, however it ends: a name that can be taken has no living holder.
// Any thread.
class Claims {
 public:
  explicit Claims(std::shared_ptr<const Namespace> where) : where_(std::move(where)) {}

  // False where somebody holds the name already, here or elsewhere. Throws KernelError where the kernel gives
  // none.
  bool Take(const std::string& name);
  // Nothing where it is not held here.
  void Drop(const std::string& name);

 private:
  std::shared_ptr<const Namespace> where_;
  std::mutex mutex_;
  std::map<std::string, UniqueFd> held_;
};

}  // namespace director::netlink
