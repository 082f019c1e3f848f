#include "ipset/encode_ahead.h"

#include <algorithm>

#include "ipset/wire.h"

namespace director::ipset {
namespace {

// Changes a block: few enough that the first is there at once, so many that handing it over costs nothing.
constexpr uint32_t kBlockChanges = 1024;
// Blocks that may lie ready: more than the largest message holds.
constexpr size_t kMostBlocks = 8;
// Any will do: what is sent has its own.
constexpr uint32_t kSomeLine = 1;

}  // namespace

Bytes EncodeAhead::Block::element(uint32_t change) const {
  const uint32_t index = change - first;
  const uint32_t start = index == 0 ? 0 : ends[index - 1];
  return {bytes.data() + start, ends[index] - start};
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
  const uint32_t count = std::min(kBlockChanges, end_ - first);
  block.first = first;
  block.ends.clear();
  block.ends.reserve(count);
  EntryRow row{};
  EntryFault fault;
  size_t used = 0;
  for (uint32_t change = first; change < first + count; ++change) {
    if (block.bytes.size() < used + kMaxElementBytes) block.bytes.resize((used + kMaxElementBytes) * 2);
    if (changes_.Read(change, rules_, row, fault)) {
      used += EncodeEntry(row, extensions_, kSomeLine, MutableBytes(block.bytes).subspan(used));
    }
    block.ends.push_back(static_cast<uint32_t>(used));
  }
}

Bytes EncodeAhead::Element(uint32_t change) {
  if (current_ == nullptr || !current_->has(change)) current_ = &Find(change);
  return current_->element(change);
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
  current_ = nullptr;
  {
    const std::lock_guard lock(mutex_);
    while (!blocks_.empty() && blocks_.front().end() <= before) {
      first_ = blocks_.front().end();
      spare_.push_back(std::move(blocks_.front()));
      blocks_.pop_front();
    }
  }
  fewer_.notify_one();
}

}  // namespace director::ipset
