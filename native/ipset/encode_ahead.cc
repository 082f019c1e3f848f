#include "ipset/encode_ahead.h"

#include <algorithm>

#include "ipset/wire.h"

namespace director::ipset {
namespace {

// Blocks that may lie ready. Few, so that they are still in the cache when they are sent.
constexpr size_t kMostBlocks = 8;
// Another thread is woken when so many are left: each time costs both threads something.
constexpr size_t kFewBlocks = kMostBlocks / 2;

}  // namespace

EncodeAhead::Elements EncodeAhead::Block::from(uint32_t change, uint32_t most, size_t room) const {
  const uint32_t index = change - first;
  const uint32_t start = index == 0 ? 0 : ends[index - 1];
  const auto from = ends.begin() + index;
  const auto last = from + std::min<ptrdiff_t>(most, ends.end() - from);
  const auto to = std::upper_bound(from, last, start + room);
  if (to == from) return {};
  return {Bytes(bytes).subspan(start, *(to - 1) - start), static_cast<uint32_t>(to - from), index + 1};
}

EncodeAhead::EncodeAhead(const Changes& changes, const EntryRules& rules, Extensions extensions,
                         uint32_t first, uint32_t end)
    : changes_(changes),
      rules_(rules),
      extensions_(extensions),
      first_(first),
      end_(end),
      made_(first),
      wanted_(first),
      thread_([this] { Work(); }) {}

EncodeAhead::~EncodeAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  fewer_.notify_one();
  thread_.join();
}

bool EncodeAhead::MayGoOn() const {
  // Never waits while the other side does.
  return blocks_.size() < kMostBlocks || wanted_ >= made_;
}

// On the thread of its own.
void EncodeAhead::Work() {
  std::unique_lock lock(mutex_);
  while (made_ < end_) {
    fewer_.wait(lock, [this] { return stopping_ || MayGoOn(); });
    if (stopping_) return;
    Block block;
    if (!spare_.empty()) {
      block = std::move(spare_.back());
      spare_.pop_back();
    }
    lock.unlock();
    std::exception_ptr failure;
    try {
      // Only this thread changes made_.
      Encode(made_, block);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    failure_ = failure;
    if (!failure) {
      made_ = block.end();
      blocks_.push_back(std::move(block));
    }
    more_.notify_one();
    if (failure) return;
  }
}

void EncodeAhead::Encode(uint32_t first, Block& block) const {
  block.first = first;
  block.ends.clear();
  block.ends_in_fault = false;
  block.bytes.resize(kMaxListBytes);
  EntryRow row{};
  EntryFault fault;
  size_t used = 0;
  for (uint32_t change = first; change < end_ && used + kMaxElementBytes <= kMaxListBytes; ++change) {
    block.ends_in_fault = !changes_.Read(change, rules_, row, fault);
    if (block.ends_in_fault) break;
    used += EncodeEntry(row, extensions_, change - first + 1, MutableBytes(block.bytes).subspan(used));
    block.ends.push_back(static_cast<uint32_t>(used));
  }
}

EncodeAhead::Elements EncodeAhead::From(uint32_t change, uint32_t most, size_t room) {
  return Find(change).from(change, most, room);
}

const EncodeAhead::Block& EncodeAhead::Find(uint32_t change) {
  std::unique_lock lock(mutex_);
  wanted_ = change;
  if (change >= made_) {
    fewer_.notify_one();
    more_.wait(lock, [&] { return change < made_ || failure_; });
    if (change >= made_) std::rethrow_exception(failure_);
  }
  // Blocks stay where they are when others come: a deque does not move its elements.
  return *std::find_if(blocks_.begin(), blocks_.end(), [=](const Block& one) { return one.has(change); });
}

void EncodeAhead::Forget(uint32_t before) {
  bool few = false;
  {
    const std::lock_guard lock(mutex_);
    while (!blocks_.empty() && blocks_.front().end() <= before) {
      first_ = blocks_.front().end();
      spare_.push_back(std::move(blocks_.front()));
      blocks_.pop_front();
    }
    few = blocks_.size() <= kFewBlocks;
  }
  if (few) fewer_.notify_one();
}

}  // namespace director::ipset
