#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "ipset/changes.h"
#include "ipset/encode_ahead.h"
#include "netlink/batch.h"
#include "netlink/report.h"

namespace director::ipset {

// A set's shape, or the kernel's error number where it has none.
struct ShapeAnswer {
  SetShape shape;
  int error = 0;
};

// How many elements go into one message. A list stops at the first element that the kernel refuses, and what
// is behind it has to be sent again: where refusals are dense, single elements (of which many fit a datagram,
// and each fails by itself) are far less work. Starts with full lists, and follows what happens.
class ListLength {
 public:
  // Elements that the next message may hold.
  uint32_t next() const { return limit_ < kShortest ? 1 : limit_; }
  void ListApplied(uint32_t elements);
  // `applied` elements were good before the refused one.
  void ListRefused(uint32_t applied);
  void SinglesAnswered(uint32_t sent, uint32_t refused);

 private:
  static constexpr uint32_t kShortest = 16;
  static constexpr uint32_t kUnlimited = UINT32_MAX;
  uint32_t limit_ = kUnlimited;
};

// Changes to sets as a source of requests. Consecutive ones of the same target share a message; a message
// with several elements is answered before the next is made, so that everything happens in order and the
// report is exact. That costs nothing: the kernel does the work inside send().
class ChangeSource final : public netlink::BatchSource {
 public:
  using ShapeOf = std::function<ShapeAnswer(const std::string& set)>;

  ChangeSource(const Changes& changes, ShapeOf shape_of, bool stop_on_refusal);

  netlink::Append Next(netlink::MessageWriter& writer, uint32_t sequence) override;
  void Refused(uint32_t sequence, const netlink::Acknowledgement& reply) override;
  void Lost(uint32_t first, uint32_t last) override;
  void Answered(uint32_t first, uint32_t last) override;

  netlink::RunReport TakeReport();
  // Whether a change was refused here, before anything was sent for it, and nothing may follow.
  bool stopped() const { return stopped_; }

 private:
  struct Message {
    uint32_t sequence;
    uint32_t first;
    uint32_t count;
    // Of its first element, where there are several.
    uint32_t first_line;
    bool refused;
  };
  // What is known of a set while this run lasts.
  struct KnownSet {
    int error = 0;
    // There unless there is an error.
    std::optional<EntryRules> rules;
  };

  const KnownSet& Known(const Target& target);
  bool RefuseHere(int code, std::string text);
  uint32_t Fill(netlink::MessageWriter& writer, uint32_t sequence, const Target& target,
                const EntryRules& rules);
  uint32_t FillList(netlink::MessageWriter& writer, const Target& target, const EntryRules& rules);
  void LookAhead(const Target& target, const EntryRules& rules);
  uint32_t FillAhead(netlink::MessageWriter& writer, uint32_t most);
  Message* Find(uint32_t sequence);
  void Report(uint32_t change, const netlink::Acknowledgement& reply);

  const Changes& changes_;
  ShapeOf shape_of_;
  bool stop_on_refusal_;
  uint32_t next_ = 0;
  bool barrier_ = false;
  bool stopped_ = false;
  bool full_ = false;
  // Of the message that is being filled.
  uint32_t first_line_ = 1;
  ListLength list_length_;
  EntryRow row_{};
  EntryFault fault_;
  // The entry at next_ was read and does not fit.
  bool faulty_ = false;
  // Sets are few; the map keeps references to its values valid.
  std::map<std::string, KnownSet> known_;
  const Target* last_target_ = nullptr;
  const KnownSet* last_known_ = nullptr;
  std::deque<Message> messages_;
  netlink::RunReport report_;
  // Last, so that its thread ends first.
  std::optional<EncodeAhead> ahead_;
};

}  // namespace director::ipset
