#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "ipset/changes.h"
#include "ipset/encode_entry.h"

namespace director::ipset {

// The elements of a stretch of changes, all of one target, made by a thread of its own: reading and encoding
// takes about half as long as the kernel's part, which is done inside send(), and so costs next to nothing
// where there is a second processor. Everything but that thread's work is called on one other thread.
class EncodeAhead {
 public:
  // Of the changes from `first` to before `end`. What is given must outlive this.
  EncodeAhead(const Changes& changes, const EntryRules& rules, Extensions extensions, uint32_t first,
              uint32_t end);
  EncodeAhead(const EncodeAhead&) = delete;
  EncodeAhead& operator=(const EncodeAhead&) = delete;
  ~EncodeAhead();

  // Whether it makes the element of this change, or has made it and not forgotten it.
  bool Covers(uint32_t change) const { return change >= first_ && change < end_; }
  // The element of a change that it covers, waited for where necessary; empty where the entry does not fit
  // its set. Has a line number, which SetLine replaces in a copy. Valid until Forget.
  Bytes Element(uint32_t change);
  // The elements before this one are not asked for any more.
  void Forget(uint32_t before);

 private:
  struct Block {
    uint32_t first = 0;
    std::vector<uint8_t> bytes;
    // Where each element ends, in bytes.
    std::vector<uint32_t> ends;

    uint32_t end() const { return first + static_cast<uint32_t>(ends.size()); }
    bool has(uint32_t change) const { return change >= first && change < end(); }
    Bytes element(uint32_t change) const;
  };

  void Work();
  void Encode(uint32_t first, Block& block) const;
  const Block& Find(uint32_t change);
  bool MayGoOn() const;

  const Changes& changes_;
  const EntryRules& rules_;
  const Extensions extensions_;
  uint32_t first_;
  const uint32_t end_;
  // The block that was asked last, or null. Known to the asking thread alone.
  const Block* current_ = nullptr;

  // Guards what is below.
  std::mutex mutex_;
  std::condition_variable more_;
  std::condition_variable fewer_;
  std::deque<Block> blocks_;
  // Forgotten ones, for their memory.
  std::vector<Block> spare_;
  uint32_t made_;
  uint32_t wanted_;
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace director::ipset
