#pragma once

#include <array>
#include <string>

#include "ipset/changes.h"

namespace director::ipset {

// One typed array of a column table. Empty: the column is not there. Step 0: one value for all rows.
template <class T>
struct Column {
  const T* values = nullptr;
  uint32_t step = 1;
  T operator[](uint32_t index) const { return values[index * step]; }
  explicit operator bool() const { return values != nullptr; }
};

// Entries as columns, all of the same length. Addresses are in network order: 4 or 16 bytes each, by
// `family`.
struct EntryColumns {
  uint32_t size = 0;
  uint8_t family = 0;
  Column<uint8_t> address;
  // IPv4 addresses as numbers in host order, instead of `address`.
  Column<uint32_t> address_number;
  Column<uint8_t> address_to;
  Column<uint32_t> address_to_number;
  Column<uint8_t> prefix;
  Column<uint8_t> address2;
  Column<uint32_t> address2_number;
  Column<uint8_t> prefix2;
  Column<uint8_t> protocol;
  Column<uint16_t> port;
  Column<uint16_t> port_to;
  Column<uint32_t> mark;
  Column<uint8_t> mac;  // 6 bytes each
  std::string interface;
  Column<uint32_t> timeout;
  Column<uint64_t> packets;
  Column<uint64_t> bytes;
};

// A table of columns, all for one target. The arrays must outlive this.
class ColumnChanges final : public Changes {
 public:
  ColumnChanges(Target target, EntryColumns columns);

  uint32_t size() const override { return columns_.size; }
  const Target& target(uint32_t) const override { return target_; }
  bool Read(uint32_t change, const EntryRules& rules, EntryRow& row, EntryFault& fault) const override;

 private:
  void ReadAddress(uint32_t change, const Column<uint8_t>& bytes, const Column<uint32_t>& numbers,
                   uint8_t (&out)[16]) const;

  Target target_;
  EntryColumns columns_;
  uint32_t fields_ = 0;
};

}  // namespace director::ipset
