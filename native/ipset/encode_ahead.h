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

  // Elements one behind the other, as a message takes them. Their lines count up from `first_line`.
  struct Elements {
    Bytes bytes;
    uint32_t count = 0;
    uint32_t first_line = 0;
  };

  // Whether it makes the element of this change, or has made it and not forgotten it.
  bool Covers(uint32_t change) const { return change >= first_ && change < end_; }
  // From a change on that it covers, waited for where necessary: as many as lie together, but no more than
  // `most`, nor more bytes than `room`. None where the first does not fit the room, or the entry does not fit
  // its set. Valid until Forget.
  Elements From(uint32_t change, uint32_t most, size_t room);
  // The elements before this one are not asked for any more.
  void Forget(uint32_t before);

 private:
  // At most as many elements as a message takes.
  struct Block {
    uint32_t first = 0;
    std::vector<uint8_t> bytes;
    // Where each element ends, in bytes.
    std::vector<uint32_t> ends;
    // The entry behind the last element does not fit its set.
    bool ends_in_fault = false;

    uint32_t end() const { return first + static_cast<uint32_t>(ends.size()) + (ends_in_fault ? 1 : 0); }
    bool has(uint32_t change) const { return change >= first && change < end(); }
    Elements from(uint32_t change, uint32_t most, size_t room) const;
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
