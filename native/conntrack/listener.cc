#include "conntrack/listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <new>

#include "conntrack/decode.h"
#include "conntrack/flow_rows.h"
#include "conntrack/wire.h"
#include "netlink/message.h"
#include "util/error.h"

namespace director::conntrack {
namespace {

using netlink::EventDatagram;
using netlink::Message;
using netlink::ReceiveStatus;

// Seen in top(1), and in /proc by who wants to know what a listener costs.
constexpr char kThreadName[] = "conntrack-read";
// What one receive brings, so that a single event does not cost a megabyte.
constexpr size_t kFewestBytes = 64 * FlowRowBytes(0);
// A chunk that was too small is followed by one of so many times its size.
constexpr size_t kGrowth = 8;
// To wake the consumer costs as much as to read a hundred events: these many need not wait for more.
constexpr size_t kCompany = 1000;
// Of what may be queued, at most this part in one chunk: one more than fits is made before that is noticed.
constexpr size_t kChunksQueued = 8;

// A socket with this much room takes whatever may come within this time; it need not be read meanwhile.
constexpr size_t kAmpleRoom = 16 << 20;
constexpr int kUnreadMs = 10;

uint64_t KindsOf(const std::vector<uint32_t>& groups) {
  uint64_t kinds = 0;
  for (const uint32_t group : groups) {
    if (group == NFNLGRP_CONNTRACK_NEW) kinds |= FILTER_NEW;
    if (group == NFNLGRP_CONNTRACK_UPDATE) kinds |= FILTER_UPDATE;
    if (group == NFNLGRP_CONNTRACK_DESTROY) kinds |= FILTER_DESTROY;
  }
  return kinds;
}

// Resync has to hear that flows end, or it would remember them for good.
std::vector<uint32_t> GroupsOf(const ListenerOptions& options) {
  std::vector<uint32_t> groups = options.groups;
  if (options.resync) groups.push_back(NFNLGRP_CONNTRACK_DESTROY);
  return groups;
}

uint64_t KindBit(EventKind kind) {
  return uint64_t{1} << (static_cast<uint32_t>(kind) - 1);
}
static_assert(FILTER_NEW == 1 && FILTER_UPDATE == 2 && FILTER_DESTROY == 4);

int MillisecondsUntil(std::chrono::steady_clock::time_point when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

// Signals are Node's business: its own threads take them.
void BlockSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

Listener::Listener(std::shared_ptr<const netlink::Namespace> where, const ListenerOptions& options,
                   const FilterRules* rules, std::function<void()> ready)
    : where_(std::move(where)),
      socket_(std::in_place, *where_,
              netlink::EventSocketOptions{NETLINK_NETFILTER, GroupsOf(options), options.receive_buffer_bytes,
                                          options.all_namespaces}),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      receive_capacity_(socket_->receive_capacity()),
      filtered_(rules != nullptr),
      filter_capacity_(options.filter_capacity),
      latency_(options.latency_ms),
      resync_interval_(options.resync_interval_ms),
      resyncs_(options.resync),
      wanted_(KindsOf(options.groups)),
      queue_(options.most_queued_bytes, std::move(ready), [this] { Wake(); }),
      most_capacity_(std::clamp(options.most_queued_bytes / kChunksQueued, kFewestBytes, kLargePage)),
      capacity_(kFewestBytes),
      awaits_filter_(options.await_filter) {
  if (!wake_) throw KernelError("eventfd", errno);
  if (rules != nullptr) {
    CheckCapacity(*rules, filter_capacity_);
    filter_rules_ = WithEnds(*rules);
    native_filter_.Apply(filter_rules_);
    filter_kind_ = FilterKind::kNative;
  }
  UseRules(native_filter_.current());
  socket_->Join();
  if (options.resync) {
    resync_.emplace(where_, native_filter_, [this](const FlowRow& row) { AddSynthetic(row); });
    resync_->Begin(ResyncCause::kStart);
  }
  thread_ = std::thread([this] { Run(); });
}

void Listener::StartKernelFilter() {
  // The program was compiled for little-endian machines.
  if constexpr (std::endian::native != std::endian::little) throw KernelError("load filter", ENOSYS);
  const std::lock_guard lock(filtering_);
  auto filter = std::make_unique<KernelFilter>(filter_capacity_);
  filter->Apply(filter_rules_);
  const std::lock_guard open(closing_);
  if (!socket_) return;
  socket_->AttachFilter(filter->program());
  kernel_filter_ = std::move(filter);
  filter_kind_ = FilterKind::kKernel;
}

void Listener::SetFilter(const FilterRules& rules) {
  CheckCapacity(rules, filter_capacity_);
  const std::lock_guard lock(filtering_);
  const FilterRules passing = WithEnds(rules);
  if (kernel_filter_) kernel_filter_->Apply(passing);
  native_filter_.Apply(passing);
  filter_rules_ = passing;
  filter_changed_.store(true);
  awaits_filter_.store(false);
  Wake();
}

// Whoever still refers to a listener that is closed must not keep a namespace by it, or a program.
void Listener::Close() {
  stopping_.store(true);
  Wake();
  {
    const std::lock_guard lock(closing_);
    if (thread_.joinable()) thread_.join();
    socket_.reset();
    resync_.reset();
    where_.reset();
  }
  const std::lock_guard lock(filtering_);
  kernel_filter_.reset();
}

// What has to pass so that resync hears of the end of flows that it knows.
FilterRules Listener::WithEnds(FilterRules rules) const {
  if (resyncs_) rules.flags |= FILTER_DESTROY;
  return rules;
}

void Listener::UseRules(std::shared_ptr<const CompiledRules> rules) {
  rules_ = std::move(rules);
  shown_ = wanted_ & rules_->shown();
}

bool Listener::Shows(EventKind kind) const {
  return (shown_ & KindBit(kind)) != 0;
}

void Listener::CloseWhenRead() {
  reads_rest_.store(true);
  Close();
}

void Listener::Wake() {
  const uint64_t one = 1;
  // Fails only when the counter is at its top: the reader wakes up then, too.
  (void)!::write(wake_.get(), &one, sizeof one);
}

void Listener::Run() {
  BlockSignals();
  ::pthread_setname_np(::pthread_self(), kThreadName);
  try {
    while (!stopping_.load()) Step();
    if (reads_rest_.load() && !awaits_filter_.load()) ReadRest();
    Publish();
  } catch (const KernelError& error) {
    Publish();
    queue_.Fail(error);
  } catch (const std::bad_alloc&) {
    queue_.Fail(KernelError("listen", ENOMEM));
  }
}

// All that came before the end, also into a queue that is full: rows take less room than the socket's buffer.
void Listener::ReadRest() {
  socket_->Leave();
  TakeFilter();
  for (;;) {
    const ReceiveStatus status = socket_->Receive(events_);
    if (status == ReceiveStatus::kEmpty) break;
    if (status == ReceiveStatus::kData) Read(events_);
  }
  CountDrops();
}

void Listener::Step() {
  if (awaits_filter_.load()) return Sleep(false, -1);
  if (queue_.Full()) return Wait();
  const ReceiveStatus status = socket_->Receive(events_);
  // Not before: what happened after a change of the filter must not be held against the old one.
  TakeFilter();
  if (status == ReceiveStatus::kData) Read(events_);
  if (status == ReceiveStatus::kOverrun) {
    // The kernel drops until all that came before is read. If this is the next gap already, the last has
    // ended.
    CheckLoss();
    overrun_ = true;
    return;
  }
  // Events come first; the table can wait.
  if (socket_->drained()) {
    CheckLoss();
    if (!GoOnWithResync() && status == ReceiveStatus::kEmpty) return Wait();
  }
  if (queue_.ConsumerWaits() && Due()) Publish();
}

void Listener::TakeFilter() {
  if (!filter_changed_.exchange(false)) return;
  UseRules(native_filter_.current());
  if (resync_) resync_->Begin(ResyncCause::kFilterChange);
}

// False when there is nothing to do for it now.
bool Listener::GoOnWithResync() {
  if (!resync_) return false;
  if (!resync_->active()) {
    if (!resync_->HasSilentFlows() || Clock::now() < next_dump_) return false;
    resync_->Begin(ResyncCause::kSilentFlows);
  }
  resync_->ReadSome();
  known_flows_.store(resync_->known_flows(), std::memory_order_relaxed);
  next_dump_ = Clock::now() + resync_interval_;
  return true;
}

void Listener::Read(const std::vector<EventDatagram>& events) {
  for (const EventDatagram& event : events) {
    if (filtered_ && !rules_->Passes(event.bytes)) continue;
    ReadEvent(event);
  }
  if (unreadable_ > 0) AddLoss(std::exchange(unreadable_, 0), LossReason::kUnreadable);
  if (resync_) known_flows_.store(resync_->known_flows(), std::memory_order_relaxed);
}

void Listener::ReadEvent(const EventDatagram& event) {
  netlink::MessageReader messages(event.bytes);
  for (Message message; messages.Next(message);) {
    const EventKind kind = EventOf(message);
    if (kind == EventKind::kNone) {
      ++unreadable_;
    } else if (SubsystemOf(message.type) == NFNL_SUBSYS_CTNETLINK) {
      ReadFlowEvent(message, kind, event.nsid);
    } else {
      ReadExpectationEvent(message, kind, event.nsid);
    }
  }
  if (messages.malformed() || event.cut) ++unreadable_;
}

void Listener::ReadFlowEvent(const Message& message, EventKind kind, int32_t nsid) {
  // Most flows touch the first part of the row only: the rest of it is still zero.
  std::memset(&flow_, 0, FlowRowBytes(flow_.present));
  if (!ReadFlow(message, flow_)) {
    flow_ = {};
    ++unreadable_;
    return;
  }
  flow_.kind = kind;
  flow_.nsid = nsid;
  if (resync_) resync_->Saw(flow_);
  if (!Shows(kind)) return;
  AddFlow(flow_);
  received_.fetch_add(1, std::memory_order_relaxed);
}

void Listener::ReadExpectationEvent(const Message& message, EventKind kind, int32_t nsid) {
  ExpectationRow row{};
  if (!ReadExpectation(message, row)) {
    ++unreadable_;
    return;
  }
  row.kind = kind;
  row.nsid = nsid;
  BeginChunk(ChunkKind::kExpectations);
  chunk_.rows.row_bytes = sizeof row;
  chunk_.rows.bytes.Append(BytesOf(row));
  received_.fetch_add(1, std::memory_order_relaxed);
}

void Listener::AddSynthetic(const FlowRow& row) {
  if (Shows(row.kind)) AddFlow(row);
}

void Listener::AddFlow(const FlowRow& row) {
  BeginChunk(ChunkKind::kFlows);
  AppendFlow(chunk_.rows, row);
}

// After an overrun, all that was queued before it has been read: what follows came after the gap.
void Listener::CheckLoss() {
  if (!std::exchange(overrun_, false)) return;
  CountDrops();
  if (resync_) resync_->Begin(ResyncCause::kLoss);
}

void Listener::CountDrops() {
  const uint32_t drops = socket_->drops();
  AddLoss(drops - std::exchange(drops_, drops), LossReason::kOverrun);
}

void Listener::AddLoss(uint64_t count, LossReason reason) {
  if (count == 0) return;
  Publish();
  chunk_.kind = ChunkKind::kLost;
  chunk_.lost = count;
  chunk_.reason = reason;
  lost_.fetch_add(count, std::memory_order_relaxed);
  Publish();
}

// Rows of one kind to a chunk, and no more than fit.
void Listener::BeginChunk(ChunkKind kind) {
  if (chunk_.kind != kind || chunk_.rows.bytes.size() + chunk_.rows.row_bytes > capacity_) Publish();
  chunk_.kind = kind;
  // Not grown later: that would copy.
  chunk_.rows.bytes.Reserve(capacity_);
}

void Listener::Publish() {
  RowPiece& rows = chunk_.rows;
  if (rows.bytes.empty() && chunk_.lost == 0) return;
  // The next chunk is likely to be as large, up to the page of which it is then made.
  if (rows.bytes.size() + rows.row_bytes > capacity_) {
    capacity_ = std::min(kGrowth * capacity_, most_capacity_);
  } else if (rows.bytes.size() < capacity_ / 4) {
    capacity_ = std::max(capacity_ / 2, kFewestBytes);
  }
  queue_.Push(std::exchange(chunk_, Chunk{}));
  due_ = Clock::now() + latency_;
}

// Until there is an event, room in a queue that was full, another filter, the end, or time for another dump.
//
// What comes soon after the last hand-over waits for company, some milliseconds of it in the socket where
// that has the room: a thread that is woken for each event takes several times as long for it.
void Listener::Wait() {
  if (Due() || chunk_.rows.rows() >= kCompany) Publish();
  if (queue_.Full()) return Sleep(false, -1);
  if (!Due()) {
    const int left = MillisecondsUntil(due_);
    return receive_capacity_ < kAmpleRoom ? Sleep(true, left) : Sleep(false, std::min(left, kUnreadMs));
  }
  const bool timed = resync_ && resync_->HasSilentFlows();
  Sleep(true, timed ? MillisecondsUntil(next_dump_) : -1);
}

void Listener::Sleep(bool for_events, int timeout_ms) {
  std::array<pollfd, 2> polled = {{{wake_.get(), POLLIN, 0}, {socket_->fd(), POLLIN, 0}}};
  const int ready = ::poll(polled.data(), for_events ? 2 : 1, timeout_ms);
  if (ready < 0 && errno != EINTR) throw KernelError("poll", errno);
  uint64_t count;
  if (polled[0].revents != 0) (void)!::read(wake_.get(), &count, sizeof count);
}

}  // namespace director::conntrack
