#pragma once

#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <cstdint>

namespace director::conntrack {

// Attributes newer than the headers we build with.
inline constexpr uint16_t kTimestampEvent = 27;  // CTA_TIMESTAMP_EVENT

// nfgenmsg.version: 0 makes a flush ignore the family and empty the whole table (ctnetlink_del_conntrack).
inline constexpr uint8_t kHonourFamily = 1;

// Bits of CTA_FILTER_ORIG_FLAGS and CTA_FILTER_REPLY_FLAGS (net/netfilter/nf_internals.h); sent in host
// order.
enum TupleField : uint32_t {
  kFieldSource = 1u << 0,
  kFieldDestination = 1u << 1,
  kFieldZone = 1u << 2,
  kFieldProtocol = 1u << 3,
  kFieldSourcePort = 1u << 4,
  kFieldDestinationPort = 1u << 5,
  kFieldIcmpType = 1u << 6,
  kFieldIcmpCode = 1u << 7,
  kFieldIcmpId = 1u << 8,
  kFieldIcmp6Type = 1u << 9,
  kFieldIcmp6Code = 1u << 10,
  kFieldIcmp6Id = 1u << 11,
};

constexpr uint16_t FlowMessage(uint8_t command) {
  return static_cast<uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | command);
}
constexpr uint16_t ExpectationMessage(uint8_t command) {
  return static_cast<uint16_t>(NFNL_SUBSYS_CTNETLINK_EXP << 8 | command);
}
constexpr uint8_t SubsystemOf(uint16_t type) {
  return static_cast<uint8_t>(type >> 8);
}
constexpr uint8_t CommandOf(uint16_t type) {
  return static_cast<uint8_t>(type & 0xff);
}

}  // namespace director::conntrack
