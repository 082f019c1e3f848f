#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ipset/entry_rules.h"
#include "ipset/parse_entry.h"
#include "util/bytes.h"

namespace director::ipset {

// What is to be done with an entry, and with which set.
enum class Action : uint8_t { kAdd, kRemove, kTest };

struct Target {
  std::string set;
  Action action = Action::kAdd;
  // Refuse an entry that is there already, or (to remove) is not there; otherwise that counts as done.
  bool exclusive = true;
  ParseOptions parse;
};

// Changes to sets, in order, numbered from 0. Can be read again from any place: a list of elements goes on
// behind the one that the kernel refused.
class Changes {
 public:
  virtual ~Changes() = default;

  virtual uint32_t size() const = 0;
  virtual const Target& target(uint32_t change) const = 0;
  // Reads the entry of a change, checked against its set's rules. False fills `fault`.
  virtual bool Read(uint32_t change, const EntryRules& rules, EntryRow& row, EntryFault& fault) const = 0;
};

// Entries as text, each ended by a zero byte, in pieces. An item that starts with kDirective is no entry, it
// says what those behind it are for: kDirective, 'a' | 'r' | 't' (add, remove, test), 'x' | '-' (exclusive or
// not), 's' | '-' (service names or not), the set's name. The first item must be one. The memory must outlive
// this.
class TextChanges final : public Changes {
 public:
  static constexpr char kDirective = '\1';

  explicit TextChanges(std::vector<Bytes> pieces);

  uint32_t size() const override { return static_cast<uint32_t>(items_.size()); }
  const Target& target(uint32_t change) const override { return targets_[items_[change].target]; }
  bool Read(uint32_t change, const EntryRules& rules, EntryRow& row, EntryFault& fault) const override;

 private:
  struct Item {
    const char* text;
    uint32_t length;
    uint32_t target;
  };

  void Index(Bytes piece);

  // The last one.
  std::string_view directive_;
  std::vector<Target> targets_;
  std::vector<Item> items_;
};

// Rows of EntryRow, cut off at `stride`, all for one target.
class RowChanges final : public Changes {
 public:
  RowChanges(Target target, Bytes rows, size_t stride)
      : target_(std::move(target)), rows_(rows), stride_(stride) {}

  uint32_t size() const override { return static_cast<uint32_t>(rows_.size() / stride_); }
  const Target& target(uint32_t) const override { return target_; }
  bool Read(uint32_t change, const EntryRules& rules, EntryRow& row, EntryFault& fault) const override;

 private:
  Target target_;
  Bytes rows_;
  size_t stride_;
};

}  // namespace director::ipset
