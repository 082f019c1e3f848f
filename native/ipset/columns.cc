#include "ipset/columns.h"

#include <sys/socket.h>

#include <cstring>

namespace director::ipset {

ColumnChanges::ColumnChanges(Target target, EntryColumns columns)
    : target_(std::move(target)), columns_(std::move(columns)) {
  const auto has = [this](bool there, uint32_t field) { fields_ |= there ? field : 0; };
  const EntryColumns& table = columns_;
  has(table.address || table.address_number, kAddress);
  has(table.address_to || table.address_to_number, kAddressTo);
  has(static_cast<bool>(table.prefix), kPrefix);
  has(table.address2 || table.address2_number, kAddress2);
  has(static_cast<bool>(table.prefix2), kPrefix2);
  has(static_cast<bool>(table.protocol), kProtocolField);
  has(static_cast<bool>(table.port), kPort);
  has(static_cast<bool>(table.port_to), kPortTo);
  has(static_cast<bool>(table.mark), kMark);
  has(static_cast<bool>(table.mac), kMac);
  has(!table.interface.empty(), kInterface);
  has(static_cast<bool>(table.timeout), kTimeout);
  has(static_cast<bool>(table.packets), kPackets);
  has(static_cast<bool>(table.bytes), kBytes);
}

void ColumnChanges::ReadAddress(uint32_t change, const Column<uint8_t>& bytes,
                                const Column<uint32_t>& numbers, uint8_t (&out)[16]) const {
  if (numbers) {
    const uint32_t address = htobe32(numbers[change]);
    std::memcpy(out, &address, sizeof address);
  } else if (bytes) {
    const size_t size = columns_.family == AF_INET6 ? 16 : 4;
    std::memcpy(out, bytes.values + change * size, size);
  }
}

bool ColumnChanges::Read(uint32_t change, const EntryRules& rules, EntryRow& row, EntryFault& fault) const {
  const EntryColumns& table = columns_;
  row.fields = fields_;
  row.family = fields_ & kAddress ? table.family : 0;
  ReadAddress(change, table.address, table.address_number, row.address);
  ReadAddress(change, table.address_to, table.address_to_number, row.address_to);
  ReadAddress(change, table.address2, table.address2_number, row.address2);
  if (table.prefix) row.prefix = table.prefix[change];
  if (table.prefix2) row.prefix2 = table.prefix2[change];
  if (table.protocol) row.protocol = table.protocol[change];
  if (table.port) row.port = table.port[change];
  if (table.port_to) row.port_to = table.port_to[change];
  if (table.mark) row.mark = table.mark[change];
  if (table.mac) std::memcpy(row.mac, table.mac.values + change * sizeof row.mac, sizeof row.mac);
  if (!table.interface.empty()) CopyText(table.interface, row.name);
  if (table.timeout) row.timeout = table.timeout[change];
  if (table.packets) row.packets = table.packets[change];
  if (table.bytes) row.bytes = table.bytes[change];
  return CheckEntry(rules, row, fault);
}

}  // namespace director::ipset
