#pragma once

#include <cstdint>

// Fixed-size rows in which links and addresses cross to JavaScript. This is the only place that defines them:
// native/binding/route_layout.cc exports the offsets. All numbers are in host order; text is zero-padded.

namespace director::route {

enum class AddressChange : uint32_t {
  kAdd = 1,
  kRemove = 2,
};

// IFA_CACHEINFO's INFINITY_LIFE_TIME.
inline constexpr uint32_t kForever = ~uint32_t{0};

// An address of a link, both as a change to make and as read back: what was read can be written again.
struct AddressRow {
  AddressChange change;  // 0 in what was read
  uint32_t flags;        // IFA_F_*
  uint32_t valid_seconds;
  uint32_t preferred_seconds;
  uint8_t family;  // AF_INET, AF_INET6
  uint8_t prefix_length;
  uint8_t scope;          // RT_SCOPE_*
  uint8_t has_broadcast;  // 1: `broadcast` is set
  uint8_t address[16];    // an IPv4 address in the first four bytes
  uint8_t peer[16];       // the same as `address`, but on point-to-point links
  uint8_t broadcast[4];
  char link[16];
  char label[16];  // IPv4 only
};

struct LinkRow {
  uint32_t index;
  uint32_t flags;  // IFF_*
  uint32_t mtu;
  uint32_t master;            // index of the bridge or bond that it is a port of; 0: none
  uint8_t operational_state;  // IF_OPER_*
  uint8_t hardware_size;
  uint8_t hardware[6];  // of Ethernet-like links
  char name[16];
  char kind[16];  // IFLA_INFO_KIND: "dummy", "veth"; empty for hardware and loopback
};

static_assert(sizeof(AddressRow) == 88);
static_assert(sizeof(LinkRow) == 56);

}  // namespace director::route
