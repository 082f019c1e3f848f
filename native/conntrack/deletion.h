#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>

#include "netlink/report.h"
#include "util/error.h"

namespace director::conntrack {

// What became of the flows that were to be deleted.
struct Deletion {
  uint64_t deleted = 0;
  // Ended by themselves between being listed and being deleted.
  uint64_t gone = 0;
  // The kernel chose them itself: `deleted` is how many there were right before.
  bool in_kernel = false;
};

// Sums up flows deleted one by one, in batches that go on after a refusal.
class DeletionTally {
 public:
  void Add(const netlink::RunReport& report) {
    deletion_.deleted += report.attempted - report.refused.size();
    for (const netlink::Refusal& refusal : report.refused) {
      if (refusal.code == ENOENT) {
        ++deletion_.gone;
      } else if (!refused_) {
        refused_ = refusal;
      }
    }
  }

  // Throws the first refusal, with the count of what has gone all the same: to be asked for when all that can
  // go has gone.
  Deletion Result() const {
    if (!refused_) return deletion_;
    const std::string deleted = std::to_string(deletion_.deleted) + " flows are deleted";
    throw KernelError("delete", refused_->code,
                      refused_->text.empty() ? deleted : refused_->text + "; " + deleted);
  }

 private:
  Deletion deletion_;
  std::optional<netlink::Refusal> refused_;
};

}  // namespace director::conntrack
