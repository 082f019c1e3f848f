#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "conntrack/chunk_queue.h"
#include "conntrack/kernel_filter.h"
#include "conntrack/native_filter.h"
#include "conntrack/resync.h"
#include "netlink/event_socket.h"
#include "netlink/namespace.h"

namespace director::conntrack {

enum class FilterKind { kNone, kNative, kKernel };

struct ListenerOptions {
  // NFNLGRP_CONNTRACK_*, counted from 1.
  std::vector<uint32_t> groups;
  bool all_namespaces = false;
  int receive_buffer_bytes = 32 << 20;
  // How much may wait for the consumer before the reader stops, and the kernel's buffer takes over.
  size_t most_queued_bytes = 64 << 20;
  // How long an event may wait for company, so that a stream of them does not wake two threads for each.
  int latency_ms = 10;
  uint32_t filter_capacity = 65536;
  // The filter to begin with comes by SetFilter(): until then events wait in the socket.
  bool await_filter = false;
  bool resync = false;
  // How often the table is read again for flows that end without an event.
  int resync_interval_ms = 15000;
};

// Hears conntrack events on a thread of its own, which drains the socket whatever the consumer does.
//
// Threads: the reader's runs between the constructor and Close(); Take() belongs to one consumer; all else to
// any thread.
class Listener {
 public:
  // Hears everything that `rules` pass from here on. `ready` is called on the reader's thread.
  Listener(std::shared_ptr<const netlink::Namespace> where, const ListenerOptions& options,
           const FilterRules* rules, std::function<void()> ready);
  ~Listener() { Close(); }

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The next stretch of events, see ChunkQueue::Take().
  std::optional<Chunk> Take() { return queue_.Take(); }
  // Has the kernel filter from here on as well, so that nothing else reaches the socket. Takes the
  // milliseconds that the kernel needs to check the program; until then, the reader alone filters. Throws
  // KernelError.
  void StartKernelFilter();
  void SetFilter(const FilterRules& rules);
  // Ends the reader and closes the socket; what it has queued can still be taken. Returns when the thread is
  // gone.
  void Close();
  // The same, but first the reader takes what waits in the socket, and counts what the kernel has dropped.
  void CloseWhenRead();

  FilterKind filter_kind() const { return filter_kind_.load(); }
  size_t receive_capacity() const { return receive_capacity_; }
  size_t queued_bytes() const { return queue_.bytes(); }
  uint64_t received() const { return received_.load(std::memory_order_relaxed); }
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
  // Flows that are remembered for resync.
  uint64_t known_flows() const { return known_flows_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;

  void Run();
  void Step();
  void ReadRest();
  FilterRules WithEnds(FilterRules rules) const;
  void UseRules(std::shared_ptr<const CompiledRules> rules);
  bool Shows(EventKind kind) const;
  void TakeFilter();
  bool GoOnWithResync();
  void Read(const std::vector<netlink::EventDatagram>& events);
  void ReadEvent(const netlink::EventDatagram& event);
  void ReadFlowEvent(const netlink::Message& message, EventKind kind, int32_t nsid);
  void ReadExpectationEvent(const netlink::Message& message, EventKind kind, int32_t nsid);
  void AddSynthetic(const FlowRow& row);
  void AddFlow(const FlowRow& row);
  void CheckLoss();
  void CountDrops();
  void AddLoss(uint64_t count, LossReason reason);
  void BeginChunk(ChunkKind kind);
  void Publish();
  bool Due() const { return Clock::now() >= due_; }
  void Wait();
  void Sleep(bool for_events, int timeout_ms);
  void Wake();

  std::shared_ptr<const netlink::Namespace> where_;
  std::optional<netlink::EventSocket> socket_;
  UniqueFd wake_;
  std::atomic<FilterKind> filter_kind_ = FilterKind::kNone;
  // Guards the rules' way into both filters.
  std::mutex filtering_;
  FilterRules filter_rules_;
  std::unique_ptr<KernelFilter> kernel_filter_;
  // Runs also behind the kernel's: events may have been queued before that, or not be understood by it.
  NativeFilter native_filter_;
  size_t receive_capacity_;
  const bool filtered_;
  const uint32_t filter_capacity_;
  const std::chrono::milliseconds latency_;
  const std::chrono::milliseconds resync_interval_;
  const bool resyncs_;
  const uint64_t wanted_;  // FILTER_NEW, FILTER_UPDATE, FILTER_DESTROY: what the consumer listens to
  ChunkQueue queue_;

  // The reader's own.
  std::vector<netlink::EventDatagram> events_;
  std::shared_ptr<const CompiledRules> rules_;
  uint64_t shown_ = 0;  // of what is wanted, what the rules show
  std::optional<Resync> resync_;
  Chunk chunk_;
  const size_t most_capacity_;
  size_t capacity_;  // bytes of a chunk's rows
  FlowRow flow_{};   // the last event's
  Clock::time_point next_dump_;
  // From here on, events are handed over at once: the last went some time ago.
  Clock::time_point due_;
  uint32_t drops_ = 0;
  uint64_t unreadable_ = 0;
  bool overrun_ = false;

  std::mutex closing_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> reads_rest_ = false;
  std::atomic<bool> filter_changed_ = false;
  std::atomic<bool> awaits_filter_;
  std::atomic<uint64_t> received_ = 0;
  std::atomic<uint64_t> lost_ = 0;
  std::atomic<uint64_t> known_flows_ = 0;
  // Last: everything above is there before it runs, and until it is joined.
  std::thread thread_;
};

}  // namespace director::conntrack
