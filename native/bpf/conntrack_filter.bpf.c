// A socket filter for ctnetlink events: only events that match are queued for the listener. It reads the
// netlink message byte by byte through bpf_skb_load_bytes, so it needs neither BTF nor kprobes nor any
// kernel's structures. native/conntrack/native_filter.cc is its twin; what one passes, the other does.
//
// Whatever it does not understand passes: the reader sees it then, and counts it.

#include <linux/bpf.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include "conntrack_filter.h"

#define INLINE static inline __attribute__((always_inline))
#define SECTION(name) __attribute__((section(name), used))

#define FAMILY_INET 2
#define FAMILY_INET6 10

enum { DROP = 0, PASS = -1 };

// The loader puts the maps' descriptors in the place of these.
extern struct FilterMap config_map;
extern struct FilterMap member_map;
extern struct FilterMap prefix_map;

static void* (*const map_lookup)(void* map, const void* key) = (void*)BPF_FUNC_map_lookup_elem;
static long (*const load_bytes)(const void* skb, __u32 offset, void* to,
                                __u32 size) = (void*)BPF_FUNC_skb_load_bytes;

struct Span {
  __u16 begin;
  __u16 end;  // 0: there is none
};

struct Event {
  struct Span original;
  struct Span reply;
  __u32 mark;
  __u16 zone;  // network order; 0: none, or of one direction
};

struct Endpoint {
  __u8 address[16];
  __u16 port;
};

struct Ends {
  struct Endpoint source;
  struct Endpoint destination;
  __u8 protocol;
  __u16 zone;  // network order; of this direction alone
};

// `type` where there is room for it, and 0 otherwise, which no attribute has as its type. `room` is a power
// of two. Without a branch: the verifier follows every path through every turn of a loop.
INLINE __u32 slot_of(__u32 type, __u32 room) {
  const __s64 beyond = ((__s64)room - 1 - type) >> 63;
  return type & ~(__u32)beyond & (room - 1);
}

// Notes where each attribute of a nest is, by its type. Returns 0 for a nest that it does not understand: an
// attribute claims more than there is, or there are too many.
INLINE int walk(struct __sk_buff* skb, struct Span nest, int most, struct Span* found, __u32 room) {
  __u32 offset = nest.begin;
  for (int i = 0; i < most; ++i) {
    struct nlattr attribute;
    if (offset >= nest.end) return 1;
    if (load_bytes(skb, offset, &attribute, sizeof attribute) != 0) return 0;
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > nest.end - offset) return 0;
    struct Span* const slot = &found[slot_of(attribute.nla_type & NLA_TYPE_MASK, room)];
    slot->begin = offset + sizeof attribute;
    slot->end = offset + attribute.nla_len;
    offset += (attribute.nla_len + 3u) & ~3u;
  }
  return offset >= nest.end;
}

// Copies an attribute's value, if it is there; 0 when it is not as long as it should be.
INLINE int read_value(struct __sk_buff* skb, struct Span span, void* to, __u32 size) {
  if (!span.end) return 1;
  return span.end - span.begin == size && load_bytes(skb, span.begin, to, size) == 0;
}

// Types up to CTA_ZONE, and those up to CTA_IP_V6_DST, CTA_PROTO_DST_PORT and CTA_TUPLE_ZONE.
enum { EVENT_ROOM = 32, NEST_ROOM = 8 };

INLINE int read_event(struct __sk_buff* skb, __u32 end, struct Event* event) {
  struct Span found[EVENT_ROOM] = {};
  const struct Span attributes = {NLMSG_HDRLEN + sizeof(struct nfgenmsg), end};
  if (!walk(skb, attributes, FILTER_MAX_ATTRIBUTES, found, EVENT_ROOM)) return 0;
  event->original = found[CTA_TUPLE_ORIG];
  event->reply = found[CTA_TUPLE_REPLY];
  return read_value(skb, found[CTA_MARK], &event->mark, sizeof event->mark) &&
         read_value(skb, found[CTA_ZONE], &event->zone, sizeof event->zone);
}

INLINE int read_addresses(struct __sk_buff* skb, struct Span nest, struct Ends* ends) {
  struct Span found[NEST_ROOM] = {};
  if (!walk(skb, nest, FILTER_MAX_NESTED, found, NEST_ROOM)) return 0;
  return read_value(skb, found[CTA_IP_V4_SRC], ends->source.address, 4) &&
         read_value(skb, found[CTA_IP_V4_DST], ends->destination.address, 4) &&
         read_value(skb, found[CTA_IP_V6_SRC], ends->source.address, 16) &&
         read_value(skb, found[CTA_IP_V6_DST], ends->destination.address, 16);
}

INLINE int read_protocol(struct __sk_buff* skb, struct Span nest, struct Ends* ends) {
  struct Span found[NEST_ROOM] = {};
  if (!walk(skb, nest, FILTER_MAX_NESTED, found, NEST_ROOM)) return 0;
  return read_value(skb, found[CTA_PROTO_NUM], &ends->protocol, 1) &&
         read_value(skb, found[CTA_PROTO_SRC_PORT], &ends->source.port, 2) &&
         read_value(skb, found[CTA_PROTO_DST_PORT], &ends->destination.port, 2);
}

INLINE int read_tuple(struct __sk_buff* skb, struct Span nest, struct Ends* ends) {
  struct Span found[NEST_ROOM] = {};
  if (!walk(skb, nest, FILTER_MAX_NESTED, found, NEST_ROOM)) return 0;
  return read_value(skb, found[CTA_TUPLE_ZONE], &ends->zone, sizeof ends->zone) &&
         read_addresses(skb, found[CTA_TUPLE_IP], ends) && read_protocol(skb, found[CTA_TUPLE_PROTO], ends);
}

// A flow has one zone, and the kernel does not send zone 0: the flow's own, or that of one direction. 0 when
// the reply is not understood.
INLINE int read_zone(struct __sk_buff* skb, const struct Event* event, const struct Ends* original,
                     __u16* zone) {
  struct Span found[NEST_ROOM] = {};
  *zone = event->zone ? event->zone : original->zone;
  if (*zone) return 1;
  return walk(skb, event->reply, FILTER_MAX_NESTED, found, NEST_ROOM) &&
         read_value(skb, found[CTA_TUPLE_ZONE], zone, sizeof *zone);
}

INLINE int has_mark(const struct FilterConfig* config, __u32 mark) {
#pragma clang loop unroll(full)
  for (int i = 0; i < FILTER_MARKS; ++i) {
    if ((mark & config->marks[i].mask) == config->marks[i].value) return 1;
  }
  return 0;
}

INLINE int has_member(__u8 role, __u8 family, __u8 protocol, const struct Endpoint* end, __u64 flags) {
  struct FilterKey key = {.role = role, .family = family, .protocol = protocol, .port = end->port};
  __builtin_memcpy(key.address, end->address, sizeof key.address);
  if (map_lookup(&member_map, &key)) return 1;
  if (!(flags & FILTER_HAS_ANY_PORT)) return 0;
  key.port = 0;
  return map_lookup(&member_map, &key) != 0;
}

INLINE int in_prefix(__u8 role, __u8 family, const struct Endpoint* end) {
  struct FilterPrefix key = {.role = role, .family = family};
  key.prefix_bits = FILTER_PREFIX_HEAD_BITS + (family == FAMILY_INET ? 32 : 128);
  __builtin_memcpy(key.address, end->address, sizeof key.address);
  return map_lookup(&prefix_map, &key) != 0;
}

INLINE int has_zone(__u16 zone) {
  const struct FilterKey key = {.role = FILTER_ZONE, .port = zone};
  return map_lookup(&member_map, &key) != 0;
}

INLINE __u64 kind_of(const struct nlmsghdr* header) {
  switch (header->nlmsg_type & 0xff) {
    case IPCTNL_MSG_CT_NEW:
      return header->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL) ? FILTER_NEW : FILTER_UPDATE;
    case IPCTNL_MSG_CT_DELETE:
      return FILTER_DESTROY;
    default:
      return 0;
  }
}

SECTION("socket") int conntrack_filter(struct __sk_buff* skb) {
  struct nlmsghdr header;
  __u8 family;
  const __u32 zero = 0;
  if (load_bytes(skb, 0, &header, sizeof header) != 0) return PASS;
  if (header.nlmsg_type >> 8 != NFNL_SUBSYS_CTNETLINK) return PASS;
  if (header.nlmsg_len < NLMSG_HDRLEN + sizeof(struct nfgenmsg) || header.nlmsg_len > skb->len) return PASS;
  if (header.nlmsg_len > 0xffff) return PASS;
  if (load_bytes(skb, sizeof header, &family, sizeof family) != 0) return PASS;

  const struct FilterConfig* config = map_lookup(&config_map, &zero);
  if (!config) return PASS;
  const __u64 flags = config->flags;
  const __u64 kind = kind_of(&header);
  if (!kind) return PASS;
  if (!(flags & kind)) return DROP;

  struct Event event = {};
  struct Ends original = {}, reply = {};
  if (!read_event(skb, header.nlmsg_len, &event) || !event.original.end) return PASS;
  if (flags & FILTER_BY_MARK && !has_mark(config, __builtin_bswap32(event.mark))) return DROP;
  if (!(flags & (FILTER_BY_ZONE | FILTER_BY_SOURCE | FILTER_BY_SERVICE))) return PASS;

  if (!read_tuple(skb, event.original, &original)) return PASS;
  if (flags & FILTER_BY_ZONE) {
    __u16 zone;
    if (!read_zone(skb, &event, &original, &zone)) return PASS;
    if (!has_zone(zone)) return DROP;
  }
  if (flags & FILTER_BY_SOURCE && !in_prefix(FILTER_SOURCE_PREFIX, family, &original.source)) return DROP;
  if (!(flags & FILTER_BY_SERVICE)) return PASS;

  if (has_member(FILTER_SERVICE, family, original.protocol, &original.destination, flags)) return PASS;
  if (flags & FILTER_HAS_PREFIXES && in_prefix(FILTER_DESTINATION_PREFIX, family, &original.destination)) {
    return PASS;
  }
  if (!(flags & FILTER_HAS_SERVERS)) return DROP;
  if (!event.reply.end || !read_tuple(skb, event.reply, &reply)) return PASS;
  return has_member(FILTER_SERVER, family, reply.protocol, &reply.source, flags) ? PASS : DROP;
}

SECTION("license") const char license_text[] = "Dual MIT/GPL";
