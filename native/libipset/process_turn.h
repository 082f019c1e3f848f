// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <atomic>

namespace director::libipset {

// libipset keeps its types, its cache of sets and a jump buffer in globals, so in the whole process one
// thread at a time may be inside it: a Turn is that right. It holds across worker threads and across copies
// of this addon.
class Turn {
 public:
  // `cancelled` ends a wait; whoever sets it calls WakeWaiters().
  explicit Turn(const std::atomic<bool>& cancelled) : cancelled_(cancelled) {}
  ~Turn() { Give(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Waits for the turn. False: cancelled while waiting, and the turn is not ours.
  bool Take();
  void Give();
  // Waits for a turn that was given away, cancelled or not: a session needs it to come to its end.
  void Retake();

  static void WakeWaiters();

 private:
  void Wait(bool cancellable);

  const std::atomic<bool>& cancelled_;
  bool mine_ = false;
};

}  // namespace director::libipset
