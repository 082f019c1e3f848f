#ifndef DIRECTOR_BPF_CONNTRACK_FILTER_H
#define DIRECTOR_BPF_CONNTRACK_FILTER_H

// What the filter of conntrack events looks up, shared by the eBPF program, its loader and the C++ filter. In
// C, because the program is.

#include <linux/types.h>

// What a member of the filter's set stands for.
enum FilterRole {
  FILTER_SERVICE = 1,             // destination of the original direction; port 0: any port
  FILTER_SERVER = 2,              // source of the reply direction; port 0: any port
  FILTER_ZONE = 3,                // the zone, in `port`
  FILTER_DESTINATION_PREFIX = 4,  // network of the destination of the original direction
  FILTER_SOURCE_PREFIX = 5,       // network of the source of the original direction
};

// Exact members; port and zone in network order, as in the messages.
struct FilterKey {
  __u8 role;
  __u8 family;
  __u8 protocol;
  __u8 reserved;
  __u16 port;
  __u16 reserved2;
  __u8 address[16];
};

// Networks, laid out as BPF_MAP_TYPE_LPM_TRIE wants it: role, family and padding are the first 32 bits of the
// prefix.
struct FilterPrefix {
  __u32 prefix_bits;
  __u8 role;
  __u8 family;
  __u16 reserved;
  __u8 address[16];
};
#define FILTER_PREFIX_HEAD_BITS 32

// The first byte of FilterConfig.flags: what an event must satisfy. Changed in one piece, see
// kernel_filter.cc.
#define FILTER_NEW (1u << 0)  // the kinds of events that pass
#define FILTER_UPDATE (1u << 1)
#define FILTER_DESTROY (1u << 2)
#define FILTER_BY_MARK (1u << 3)
#define FILTER_BY_ZONE (1u << 4)
#define FILTER_BY_SOURCE (1u << 5)
#define FILTER_BY_SERVICE (1u << 6)  // one of services, destination prefixes, servers
#define FILTER_CONDITIONS 0xffu
// The second byte: which look-ups can succeed at all.
#define FILTER_HAS_ANY_PORT (1u << 8)
#define FILTER_HAS_PREFIXES (1u << 9)
#define FILTER_HAS_SERVERS (1u << 10)

#define FILTER_MARKS 16

// An event's mark matches when (mark & mask) == value. A free slot has value 1 and mask 0, which nothing
// matches.
struct FilterMark {
  __u32 value;
  __u32 mask;
};

struct FilterConfig {
  __u64 flags;
  struct FilterMark marks[FILTER_MARKS];
};

// Attributes looked at in a message and in a nest of it. The kernel sends 20 and 4 at most; what has more
// passes the filter. Of several attributes of one type the last counts.
#define FILTER_MAX_ATTRIBUTES 24
#define FILTER_MAX_NESTED 4

#endif
