#include "ipset/change_source.h"

#include <algorithm>
#include <cerrno>

#include "ipset/encode_entry.h"
#include "ipset/request.h"
#include "ipset/wire.h"

namespace director::ipset {
namespace {

using netlink::Append;
using netlink::MessageWriter;

// From so many changes on, a thread that encodes them ahead is worth its start.
constexpr uint32_t kWorthAThread = 4096;

uint8_t CommandOf(Action action) {
  switch (action) {
    case Action::kAdd:
      return IPSET_CMD_ADD;
    case Action::kRemove:
      return IPSET_CMD_DEL;
    case Action::kTest:
      break;
  }
  return IPSET_CMD_TEST;
}

Extensions ExtensionsOf(Action action) {
  return action == Action::kAdd ? Extensions::kInclude : Extensions::kLeaveOut;
}

bool SameTarget(const Target& a, const Target& b) {
  return &a == &b || (a.set == b.set && a.action == b.action && a.exclusive == b.exclusive);
}

// The parts of a fault in one text: lib/ipset/explain.ts takes them apart.
std::string FaultText(const EntryFault& fault) {
  constexpr char kSeparator = '\1';
  return std::string(fault.field) + kSeparator + fault.value + kSeparator + fault.allowed;
}

}  // namespace

void ListLength::ListApplied(uint32_t elements) {
  if (elements >= limit_) limit_ = limit_ > kUnlimited / 2 ? kUnlimited : limit_ * 2;
}

void ListLength::ListRefused(uint32_t applied) {
  limit_ = applied * 2;
}

void ListLength::SinglesAnswered(uint32_t sent, uint32_t refused) {
  if (refused * kShortest <= sent) limit_ = kShortest * 4;
}

ChangeSource::ChangeSource(const Changes& changes, ShapeOf shape_of, bool stop_on_refusal)
    : changes_(changes), shape_of_(std::move(shape_of)), stop_on_refusal_(stop_on_refusal) {}

const ChangeSource::KnownSet& ChangeSource::Known(const Target& target) {
  if (&target == last_target_) return *last_known_;
  auto found = known_.find(target.set);
  if (found == known_.end()) {
    const ShapeAnswer answer = shape_of_(target.set);
    found = known_.try_emplace(target.set).first;
    found->second.error = answer.error;
    if (answer.error == 0) found->second.rules.emplace(answer.shape);
  }
  last_target_ = &target;
  last_known_ = &found->second;
  return found->second;
}

// Refuses the change at next_. Returns whether to go on with the one behind it.
bool ChangeSource::RefuseHere(int code, std::string text) {
  report_.refused.push_back({next_++, code, std::move(text)});
  faulty_ = false;
  stopped_ = stop_on_refusal_;
  return !stopped_;
}

Append ChangeSource::Next(MessageWriter& writer, uint32_t sequence) {
  if (barrier_) {
    barrier_ = false;
    return Append::kBarrier;
  }
  while (!stopped_ && next_ < changes_.size()) {
    const Target& target = changes_.target(next_);
    const KnownSet& known = Known(target);
    if (known.error != 0) {
      if (!RefuseHere(known.error, {})) break;
      continue;
    }
    if (const uint32_t count = Fill(writer, sequence, target, *known.rules); count > 0) {
      messages_.push_back({sequence, next_, count, first_line_, false});
      next_ += count;
      barrier_ = count > 1 || stop_on_refusal_;
      return Append::kMessage;
    }
    if (full_) return Append::kFull;
    // What was sent before must be heard of first: in order, it may be what stops the run.
    if (faulty_ && !messages_.empty()) return Append::kBarrier;
    if (faulty_ && !RefuseHere(kEntryFaultCode, FaultText(fault_))) break;
  }
  return Append::kEnd;
}

// Makes one message from next_ on. 0 when its first entry is faulty, or does not fit any more.
uint32_t ChangeSource::Fill(MessageWriter& writer, uint32_t sequence, const Target& target,
                            const EntryRules& rules) {
  full_ = false;
  BeginRequest(writer, CommandOf(target.action), target.exclusive ? NLM_F_EXCL : 0, sequence);
  writer.PutText(IPSET_ATTR_SETNAME, target.set);
  const bool list = target.action != Action::kTest && list_length_.next() > 1 && next_ + 1 < changes_.size();
  uint32_t count = 0;
  if (list) {
    // Any value will do, but without one the kernel takes no list.
    writer.PutU32(IPSET_ATTR_LINENO, 1);
    nlattr* elements = writer.OpenNest(IPSET_ATTR_ADT);
    count = FillList(writer, target, rules);
    writer.CloseNest(elements);
  } else {
    faulty_ = !changes_.Read(next_, rules, row_, fault_);
    full_ = !faulty_ && writer.Tail().size() < kMaxElementBytes;
    if (!faulty_ && !full_) {
      writer.Extend(EncodeEntry(row_, ExtensionsOf(target.action), 0, writer.Tail()));
      count = 1;
    }
  }
  if (count > 0 && writer.Finish()) return count;
  full_ = full_ || !faulty_;
  writer.Abandon();
  return 0;
}

uint32_t ChangeSource::FillList(MessageWriter& writer, const Target& target, const EntryRules& rules) {
  const uint32_t most = std::min(list_length_.next(), changes_.size() - next_);
  LookAhead(target, rules);
  if (const uint32_t count = FillAhead(writer, most); count > 0) return count;
  first_line_ = 1;
  size_t bytes = 0;
  uint32_t count = 0;
  for (; count < most; ++count) {
    const MutableBytes room = writer.Tail();
    if (room.size() < kMaxElementBytes || bytes + kMaxElementBytes > kMaxListBytes) {
      full_ = count == 0;
      break;
    }
    if (count > 0 && !SameTarget(target, changes_.target(next_ + count))) break;
    faulty_ = !changes_.Read(next_ + count, rules, row_, fault_);
    if (faulty_) break;
    const size_t size = EncodeEntry(row_, ExtensionsOf(target.action), count + 1, room);
    writer.Extend(size);
    bytes += size;
  }
  return count;
}

// 0 where nothing was encoded ahead, or the next entry is faulty or too large for what is left of the room.
uint32_t ChangeSource::FillAhead(MessageWriter& writer, uint32_t most) {
  faulty_ = false;
  if (!ahead_ || !ahead_->Covers(next_)) return 0;
  const MutableBytes room = writer.Tail();
  const auto elements = ahead_->From(next_, most, room.size());
  if (elements.count == 0) return 0;
  std::memcpy(room.data(), elements.bytes.data(), elements.bytes.size());
  writer.Extend(elements.bytes.size());
  first_line_ = elements.first_line;
  return elements.count;
}

// Where a long stretch of changes with one target begins, another thread starts to encode it.
void ChangeSource::LookAhead(const Target& target, const EntryRules& rules) {
  if (ahead_) ahead_->Forget(next_);
  if (ahead_ && ahead_->Covers(next_)) return;
  if (changes_.size() - next_ < kWorthAThread) return;
  uint32_t end = next_ + 1;
  while (end < changes_.size() && SameTarget(target, changes_.target(end))) ++end;
  ahead_.reset();
  if (end - next_ >= kWorthAThread) {
    ahead_.emplace(changes_, rules, ExtensionsOf(target.action), next_, end);
  }
}

ChangeSource::Message* ChangeSource::Find(uint32_t sequence) {
  const auto found = std::find_if(messages_.begin(), messages_.end(),
                                  [=](const Message& message) { return message.sequence == sequence; });
  return found == messages_.end() ? nullptr : &*found;
}

// Numbers from IPSET_ERR_TYPE_SPECIFIC on mean something else for each kind of set: it goes along as the
// text.
void ChangeSource::Report(uint32_t change, const netlink::Acknowledgement& reply) {
  std::string text = reply.text;
  if (text.empty() && reply.number >= IPSET_ERR_TYPE_SPECIFIC) {
    text = KindName(Known(changes_.target(change)).rules->shape.type->kind);
  }
  report_.refused.push_back({change, reply.number, std::move(text)});
}

void ChangeSource::Refused(uint32_t sequence, const netlink::Acknowledgement& reply) {
  Message* message = Find(sequence);
  if (message == nullptr || message->refused) return;
  message->refused = true;
  if (message->count == 1) {
    Report(message->first, reply);
    return;
  }
  // Wraps around for a line that none of them has.
  const uint32_t position = RefusedLine(reply.request) - message->first_line;
  if (position >= message->count) {
    // The kernel did not even look at the elements (the set is gone, no permission …).
    for (uint32_t change = 0; change < message->count; ++change) Report(message->first + change, reply);
    return;
  }
  // The elements before it are done, those behind it were skipped: go on there.
  const uint32_t refused = message->first + position;
  Report(refused, reply);
  next_ = refused + 1;
  barrier_ = faulty_ = false;
  list_length_.ListRefused(position);
}

void ChangeSource::Answered(uint32_t first, uint32_t last) {
  uint32_t singles = 0;
  uint32_t refused = 0;
  while (!messages_.empty() && messages_.front().sequence - first <= last - first) {
    const Message& message = messages_.front();
    if (message.count > 1 && !message.refused) list_length_.ListApplied(message.count);
    if (message.count == 1) ++singles;
    if (message.count == 1 && message.refused) ++refused;
    messages_.pop_front();
  }
  if (singles > 0) list_length_.SinglesAnswered(singles, refused);
}

void ChangeSource::Lost(uint32_t first, uint32_t last) {
  while (!messages_.empty() && messages_.front().sequence - first <= last - first) {
    const Message& message = messages_.front();
    for (uint32_t change = 0; change < message.count && !message.refused; ++change) {
      report_.refused.push_back({message.first + change, 0, {}});
    }
    messages_.pop_front();
  }
}

netlink::RunReport ChangeSource::TakeReport() {
  report_.attempted = next_;
  return std::move(report_);
}

}  // namespace director::ipset
