// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace director::libipset {

// What the run's thread tells the other side.
struct Event {
  enum class Kind { kStarted, kInput, kOutput, kDiagnostic };
  Kind kind;
  std::string bytes;  // of output and diagnostics; of a request for input, the file that it is to come from
};

// Between the thread that is inside libipset and whoever started it. The thread pulls input chunk by chunk
// and waits when too much of its output lies unread, so that neither side holds more than a few chunks.
class Channel {
 public:
  // `notify` is called on the run's thread and must not block.
  explicit Channel(std::function<void(Event)> notify) : notify_(std::move(notify)) {}

  // The run's thread.
  // The next chunk of `file`, of the standard input where it is empty. Nothing: the input has ended, could
  // not be opened, or the run was cancelled.
  std::optional<std::string> Read(const std::string& file);
  bool unreadable() const { return unreadable_; }
  // False: cancelled.
  bool Write(Event::Kind kind, std::string_view bytes);
  void Started() { notify_({Event::Kind::kStarted, {}}); }
  const std::atomic<bool>& cancelled() const { return cancelled_; }

  // The other side.
  void Push(std::string chunk);
  void End();
  void RefuseInput();  // there is no such file
  void Consumed(size_t bytes);
  void Cancel();

 private:
  static constexpr size_t kMaxUnread = 4 << 20;

  const std::function<void(Event)> notify_;
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> unreadable_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> chunk_;  // the answer to the last request for input
  bool ended_ = false;
  size_t unread_ = 0;
};

}  // namespace director::libipset
