#include "ipset/entry_shape.h"

#include <linux/netlink.h>

#include <cstring>

namespace director::ipset {
namespace {

uint32_t HeadAt(const uint8_t* bytes) {
  uint32_t head;
  static_assert(sizeof head == NLA_HDRLEN);
  std::memcpy(&head, bytes, sizeof head);
  return head;
}

template <class Number>
void CopyNumber(const uint8_t* value, uint8_t* place, Number (*to_host)(Number)) {
  Number number;
  std::memcpy(&number, value, sizeof number);
  number = to_host(number);
  std::memcpy(place, &number, sizeof number);
}

void CopyAll(const uint8_t* value, const Place& place, uint8_t* row) {
  uint8_t* const target = row + place.offset;
  if (!place.number) {
    // The sizes there are, so that none takes a call.
    if (place.size == 4) return std::memcpy(target, value, 4), void();
    if (place.size == 16) return std::memcpy(target, value, 16), void();
    return std::memcpy(target, value, place.size), void();
  }
  switch (place.size) {
    case 1:
      *target = *value;
      return;
    case 2:
      return CopyNumber<uint16_t>(value, target, [](uint16_t number) { return be16toh(number); });
    case 4:
      return CopyNumber<uint32_t>(value, target, [](uint32_t number) { return be32toh(number); });
    default:
      return CopyNumber<uint64_t>(value, target, [](uint64_t number) -> uint64_t { return be64toh(number); });
  }
}

}  // namespace

bool Copy(Bytes value, const Place& place, EntryRow& row) {
  if (value.size() != place.size) return false;
  CopyAll(value.data(), place, reinterpret_cast<uint8_t*>(&row));
  return true;
}

bool EntryShape::Read(Bytes element, EntryRow& row) const {
  if (size_ == 0 || element.size() != size_) return false;
  for (size_t i = 0; i < heads_count_; ++i) {
    if (HeadAt(element.data() + heads_[i].at) != heads_[i].bytes) return false;
  }
  for (size_t i = 0; i < values_count_; ++i) {
    CopyAll(element.data() + values_[i].at, values_[i].place, reinterpret_cast<uint8_t*>(&row));
  }
  row.fields = fields_;
  row.family = family_;
  return true;
}

void EntryShape::AddHead(Bytes element, const netlink::Attribute& attribute) {
  const size_t at = static_cast<size_t>(attribute.payload.data() - element.data()) - NLA_HDRLEN;
  if (heads_count_ == kMost) return Refuse();
  heads_[heads_count_++] = {static_cast<uint16_t>(at), HeadAt(element.data() + at)};
}

void EntryShape::AddValue(Bytes element, Bytes value, const Place& place) {
  if (values_count_ == kMost) return Refuse();
  values_[values_count_++] = {static_cast<uint16_t>(value.data() - element.data()), place};
}

void EntryShape::End(Bytes element, const EntryRow& row) {
  if (refused_) return;
  size_ = element.size();
  fields_ = row.fields;
  family_ = row.family;
}

}  // namespace director::ipset
