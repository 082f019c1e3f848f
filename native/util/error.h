#pragma once

#include <stdexcept>
#include <string>

namespace director {

// A refused request or a failed system call. `number` is a positive errno or a kernel error number (ipset's
// start at 4096); `detail` is the kernel's extended acknowledgement text, empty where it gave none.
class KernelError : public std::runtime_error {
 public:
  KernelError(std::string operation, int number, std::string detail = {})
      : std::runtime_error(operation + ": error " + std::to_string(number) +
                           (detail.empty() ? "" : ": " + detail)),
        operation_(std::move(operation)),
        number_(number),
        detail_(std::move(detail)) {}

  const std::string& operation() const { return operation_; }
  int number() const { return number_; }
  const std::string& detail() const { return detail_; }

 private:
  std::string operation_;
  int number_;
  std::string detail_;
};

}  // namespace director
