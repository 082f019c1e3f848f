#pragma once

#include <array>
#include <cstdint>

#include "ipset/records.h"
#include "netlink/message.h"
#include "util/bytes.h"

namespace director::ipset {

// Where in a row an attribute goes that is one number, or bytes as they are.
struct Place {
  uint32_t field = 0;  // Field; 0: the attribute is none of these
  uint16_t offset = 0;
  uint16_t size = 0;
  bool number = true;  // in network order
};

// Copies one value into its place; false when it has another size.
bool Copy(Bytes value, const Place& place, EntryRow& row);

// How an element looked: which attributes it had, and where. The elements of a set are nearly all alike, and
// to compare a few headers costs a fraction of walking through them.
class EntryShape {
 public:
  // Copies an element that looks the same. False, and the row untouched, where it does not.
  bool Read(Bytes element, EntryRow& row) const;

  // Learning: from the beginning of an element, attribute by attribute, to its end.
  void Begin() { *this = {}; }
  void AddHead(Bytes element, const netlink::Attribute& attribute);
  void AddValue(Bytes element, Bytes value, const Place& place);
  // An attribute that must be looked at each time.
  void Refuse() { refused_ = true; }
  void End(Bytes element, const EntryRow& row);

 private:
  struct Head {
    uint16_t at;
    uint32_t bytes;  // of the nlattr
  };
  struct Value {
    uint16_t at;
    Place place;
  };
  static constexpr size_t kMost = 16;

  size_t size_ = 0;  // of the element; 0: nothing looks like this
  uint32_t fields_ = 0;
  uint8_t family_ = 0;
  bool refused_ = false;
  uint8_t heads_count_ = 0;
  uint8_t values_count_ = 0;
  std::array<Head, kMost> heads_;
  std::array<Value, kMost> values_;
};

}  // namespace director::ipset
