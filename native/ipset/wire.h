#pragma once

#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

namespace director::ipset {

inline constexpr uint8_t kProtocol = 7;
inline constexpr uint8_t kProtocolMin = 6;

// What linux/netfilter/ipset/ip_set.h has only since Linux 6.3.
inline constexpr uint16_t kAttrBitmask = 12;

// Room that any single element takes at most in a message, with its DATA nest: four IPv6 addresses (24 bytes
// each), two names, a comment, and the small ones.
inline constexpr size_t kMaxElementBytes = 768;
// An attribute has a 16-bit length: what a list of elements may weigh.
inline constexpr size_t kMaxListBytes = UINT16_MAX - NLA_HDRLEN;

inline constexpr uint32_t kMaxTimeoutSeconds = 2147483;
// The kernel takes the number above for one that was not given.
inline constexpr uint64_t kMaxCount = UINT64_MAX - 1;
inline constexpr size_t kMaxNameBytes = IPSET_MAXNAMELEN - 1;
inline constexpr size_t kMaxCommentBytes = IPSET_MAX_COMMENT_SIZE;
inline constexpr size_t kMaxInterfaceBytes = 15;

constexpr uint16_t MessageType(uint8_t command) {
  return static_cast<uint16_t>(NFNL_SUBSYS_IPSET << 8 | command);
}

}  // namespace director::ipset
