#include "netlink/receive_ahead.h"

namespace director::netlink {

ReceiveAhead::ReceiveAhead(Socket& socket) : socket_(socket), thread_([this] { Work(); }) {}

ReceiveAhead::~ReceiveAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  fewer_.notify_one();
  thread_.join();
}

// On the thread of its own.
void ReceiveAhead::Work() {
  for (bool going = true; going;) {
    std::unique_lock lock(mutex_);
    // What was taken last is being read; what was taken before is free.
    fewer_.wait(lock, [this] { return stopping_ || filled_ + 1 < taken_ + kBatches; });
    if (stopping_) return;
    Batch& batch = batches_[filled_ % kBatches];
    lock.unlock();
    Fill(batch);
    going = batch.status == ReceiveStatus::kData;
    lock.lock();
    ++filled_;
    more_.notify_one();
  }
}

// A part of a dump is there as soon as the one before was received: nothing there means that all of it was.
void ReceiveAhead::Fill(Batch& batch) {
  batch.status = ReceiveStatus::kEmpty;
  try {
    batch.status = socket_.ReceiveMany(batch.buffer, batch.datagrams, 0);
  } catch (...) {
    batch.failure = std::current_exception();
  }
}

ReceiveStatus ReceiveAhead::Next(std::vector<Bytes>& datagrams) {
  std::unique_lock lock(mutex_);
  more_.wait(lock, [this] { return filled_ > taken_; });
  const Batch& batch = batches_[taken_++ % kBatches];
  fewer_.notify_one();
  if (batch.failure) std::rethrow_exception(batch.failure);
  datagrams = batch.datagrams;
  return batch.status;
}

}  // namespace director::netlink
