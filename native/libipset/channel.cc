// SPDX-License-Identifier: GPL-2.0-only
#include "channel.h"

#include <utility>

#include "process_turn.h"

namespace director::libipset {

std::optional<std::string> Channel::Read(const std::string& file) {
  std::unique_lock lock(mutex_);
  if (ended_ || cancelled_) return std::nullopt;
  notify_({Event::Kind::kInput, file});
  changed_.wait(lock, [&] { return chunk_ || ended_ || cancelled_; });
  if (cancelled_) return std::nullopt;
  return std::exchange(chunk_, std::nullopt);
}

bool Channel::Write(Event::Kind kind, std::string_view bytes) {
  if (bytes.empty()) return !cancelled_;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return unread_ < kMaxUnread || cancelled_; });
  if (cancelled_) return false;
  unread_ += bytes.size();
  notify_({kind, std::string(bytes)});
  return true;
}

void Channel::Push(std::string chunk) {
  const std::lock_guard lock(mutex_);
  chunk_ = std::move(chunk);
  changed_.notify_all();
}

void Channel::End() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Channel::RefuseInput() {
  unreadable_ = true;
  End();
}

void Channel::Consumed(size_t bytes) {
  const std::lock_guard lock(mutex_);
  unread_ -= bytes < unread_ ? bytes : unread_;
  changed_.notify_all();
}

void Channel::Cancel() {
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }
  Turn::WakeWaiters();
}

}  // namespace director::libipset
