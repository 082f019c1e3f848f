#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "conntrack/chunk.h"
#include "util/error.h"

namespace director::conntrack {

// Chunks on their way from the reader's thread to the one consumer, in bounded memory.
class ChunkQueue {
 public:
  // `ready` is called on the reader's thread, for a consumer that waits; `room` on the consumer's, when the
  // reader may go on.
  ChunkQueue(size_t most_bytes, std::function<void()> ready, std::function<void()> room)
      : most_bytes_(most_bytes), ready_(std::move(ready)), room_(std::move(room)) {}

  // Reader.
  void Push(Chunk chunk) {
    const std::lock_guard lock(mutex_);
    bytes_ += chunk.bytes();
    chunks_.push_back(std::move(chunk));
    WakeConsumer();
  }
  // The reader has ended; without an error it was told to.
  void Fail(const KernelError& error) {
    const std::lock_guard lock(mutex_);
    failure_ = error;
    WakeConsumer();
  }
  // True from here until the consumer has taken so much that there is room, which `room` reports.
  bool Full() {
    const std::lock_guard lock(mutex_);
    reader_waits_ = bytes_ >= most_bytes_;
    return reader_waits_;
  }
  bool ConsumerWaits() const {
    const std::lock_guard lock(mutex_);
    return consumer_waits_;
  }

  // Consumer. Empty when there is nothing: `ready` will be called once there is. Throws the reader's error
  // when all before it is taken.
  std::optional<Chunk> Take() {
    const std::lock_guard lock(mutex_);
    if (chunks_.empty()) {
      if (failure_) throw *failure_;
      consumer_waits_ = true;
      return std::nullopt;
    }
    Chunk chunk = std::move(chunks_.front());
    chunks_.pop_front();
    bytes_ -= chunk.bytes();
    // Half empty, so that a reader near the bound does not stop and go with every chunk.
    if (reader_waits_ && bytes_ < most_bytes_ / 2 + 1) {
      reader_waits_ = false;
      room_();
    }
    return chunk;
  }
  size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  void WakeConsumer() {
    if (!consumer_waits_) return;
    consumer_waits_ = false;
    ready_();
  }

  const size_t most_bytes_;
  const std::function<void()> ready_;
  const std::function<void()> room_;
  mutable std::mutex mutex_;
  std::deque<Chunk> chunks_;
  size_t bytes_ = 0;
  bool consumer_waits_ = false;
  bool reader_waits_ = false;
  std::optional<KernelError> failure_;
};

}  // namespace director::conntrack
