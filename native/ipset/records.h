#pragma once

#include <cstddef>
#include <cstdint>

// Fixed-size rows in which set entries cross to JavaScript. This is the only place that defines them;
// native/binding/sets_layout.cc exports the offsets. Numbers are in host order, addresses in network order,
// text is zero-padded.

namespace director::ipset {

// Bits of EntryRow::fields: what the entry has, and its flags.
enum Field : uint32_t {
  kAddress = 1u << 0,
  kAddressTo = 1u << 1,
  kPrefix = 1u << 2,
  kAddress2 = 1u << 3,
  kAddress2To = 1u << 4,
  kPrefix2 = 1u << 5,
  kProtocolField = 1u << 6,
  kPort = 1u << 7,
  kPortTo = 1u << 8,
  kMark = 1u << 9,
  kMac = 1u << 10,
  kInterface = 1u << 11,
  kMember = 1u << 12,     // the set in a list:set
  kReference = 1u << 13,  // … and the one it stands before or after
  kTimeout = 1u << 14,
  kPackets = 1u << 15,
  kBytes = 1u << 16,
  kComment = 1u << 17,
  kSkbMark = 1u << 18,
  kSkbPriority = 1u << 19,
  kSkbQueue = 1u << 20,
  kNoMatch = 1u << 24,
  kPhysicalDevice = 1u << 25,
  kWildcard = 1u << 26,
  kBefore = 1u << 27,  // before the reference; without it, after
};

inline constexpr uint32_t kExtensions =
    kTimeout | kPackets | kBytes | kComment | kSkbMark | kSkbPriority | kSkbQueue;

// One entry of a set, or one change to a set. What most entries have stands in front: tables of rows are cut
// off behind what a set's entries may have (RowBytes), and the stride goes with the table.
struct EntryRow {
  uint32_t fields;
  uint8_t family;  // AF_INET, AF_INET6; 0 for entries without an address
  uint8_t protocol;
  uint8_t prefix;
  uint8_t prefix2;
  uint16_t port;  // an ICMP type and code are type << 8 | code
  uint16_t port_to;
  uint32_t mark;
  uint8_t address[16];  // an IPv4 address in the first four bytes
  uint8_t address2[16];
  uint8_t mac[6];
  uint16_t skb_queue;
  uint32_t timeout;  // seconds; 0 is for ever
  uint32_t skb_priority;
  uint32_t skb_mark;
  uint32_t skb_mask;
  uint64_t packets;
  uint64_t bytes;
  char name[32];  // an interface, or a member set
  char comment[256];
  // Only in changes: the kernel lists no ranges and no references.
  char reference[32];
  uint8_t address_to[16];
  uint8_t address2_to[16];
};

// How much of a row an entry with these fields fills.
constexpr size_t RowBytesOf(uint32_t fields) {
  if (fields & (kReference | kAddressTo | kAddress2To)) return sizeof(EntryRow);
  if (fields & kComment) return offsetof(EntryRow, reference);
  if (fields & (kInterface | kMember)) return offsetof(EntryRow, comment);
  if (fields & (kMac | kExtensions)) return offsetof(EntryRow, name);
  return fields & kAddress2 ? offsetof(EntryRow, mac) : offsetof(EntryRow, address2);
}
static_assert(RowBytesOf(kAddress) == 32 && RowBytesOf(kAddress2) == 48 && RowBytesOf(kTimeout) == 88 &&
              RowBytesOf(kInterface) == 120 && RowBytesOf(kComment) == 376 && sizeof(EntryRow) == 440);

// The two verbs of a change; the kernel's commands.
enum class Verb : uint8_t { kAdd = 9, kRemove = 10 };

}  // namespace director::ipset
