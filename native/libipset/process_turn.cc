// SPDX-License-Identifier: GPL-2.0-only
#include "process_turn.h"

#include <pthread.h>

#if defined(__clang__)
#error "build with g++: clang emits no GNU unique symbols, and copies of this addon would not share one lock"
#endif

namespace director::libipset {
namespace {

// A pthread mutex held for the length of a scope: the standard one has no static initialiser that copies of
// this addon built by different compilers would agree upon.
class Scope {
 public:
  explicit Scope(pthread_mutex_t& mutex) : mutex_(mutex) { pthread_mutex_lock(&mutex_); }
  ~Scope() { pthread_mutex_unlock(&mutex_); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  pthread_mutex_t& mutex_;
};

}  // namespace

// The one mutable global of this room. As a variable that is inline and visible, g++ makes it a GNU unique
// symbol, of which the dynamic linker keeps a single one in the process, also between libraries that were
// loaded privately. Its shape is shared with every other copy: change the name when you change it.
struct SharedTurn {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool taken;
};
__attribute__((visibility("default"))) inline SharedTurn shared_turn_v1 = {PTHREAD_MUTEX_INITIALIZER,
                                                                           PTHREAD_COND_INITIALIZER, false};

bool Turn::Take() {
  Wait(true);
  return mine_;
}

void Turn::Retake() {
  Wait(false);
}

void Turn::Wait(bool cancellable) {
  const Scope scope(shared_turn_v1.mutex);
  const auto cancelled = [&] { return cancellable && cancelled_; };
  while (shared_turn_v1.taken && !cancelled()) {
    pthread_cond_wait(&shared_turn_v1.changed, &shared_turn_v1.mutex);
  }
  if (cancelled()) return;
  shared_turn_v1.taken = true;
  mine_ = true;
}

void Turn::Give() {
  if (!mine_) return;
  const Scope scope(shared_turn_v1.mutex);
  shared_turn_v1.taken = false;
  mine_ = false;
  pthread_cond_broadcast(&shared_turn_v1.changed);
}

void Turn::WakeWaiters() {
  const Scope scope(shared_turn_v1.mutex);
  pthread_cond_broadcast(&shared_turn_v1.changed);
}

}  // namespace director::libipset
