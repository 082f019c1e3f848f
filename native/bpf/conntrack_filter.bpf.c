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
  __u32 begin;
  __u32 end;  // 0: there is none
};

struct Event {
  struct Span original;
  struct Span reply;
  __u32 mark;
  __u16 zone;  // network order
  __u16 zoned;
};

struct Endpoint {
  __u8 address[16];
  __u16 port;
};

struct Ends {
  struct Endpoint source;
  struct Endpoint destination;
  __u8 protocol;
};

// The attribute at `offset`; false when it claims more than there is.
INLINE int next_attribute(struct __sk_buff* skb, __u32 offset, __u32 end, struct nlattr* attribute) {
  if (load_bytes(skb, offset, attribute, sizeof *attribute) != 0) return 0;
  return attribute->nla_len >= sizeof *attribute && attribute->nla_len <= end - offset;
}

INLINE __u32 after(__u32 offset, __u32 end, const struct nlattr* attribute) {
  const __u32 next = offset + ((attribute->nla_len + 3u) & ~3u);
  return next < end ? next : end;
}

#define TYPE(attribute) ((attribute).nla_type & NLA_TYPE_MASK)
#define PAYLOAD(attribute) ((attribute).nla_len - (__u32)sizeof(struct nlattr))

// Each reader returns 0 for a message that it does not understand.
INLINE int read_event(struct __sk_buff* skb, __u32 end, struct Event* event) {
  __u32 offset = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
  for (int i = 0; i < FILTER_MAX_ATTRIBUTES; ++i) {
    struct nlattr attribute;
    if (offset >= end) return 1;
    if (!next_attribute(skb, offset, end, &attribute)) return 0;
    const __u32 payload = offset + sizeof attribute;
    const struct Span span = {payload, offset + attribute.nla_len};
    switch (TYPE(attribute)) {
      case CTA_TUPLE_ORIG:
        event->original = span;
        break;
      case CTA_TUPLE_REPLY:
        event->reply = span;
        break;
      case CTA_MARK:
        if (PAYLOAD(attribute) != 4 || load_bytes(skb, payload, &event->mark, 4) != 0) return 0;
        break;
      case CTA_ZONE:
        if (PAYLOAD(attribute) != 2 || load_bytes(skb, payload, &event->zone, 2) != 0) return 0;
        event->zoned = 1;
        break;
    }
    offset = after(offset, end, &attribute);
  }
  return offset >= end;
}

INLINE int read_addresses(struct __sk_buff* skb, struct Span nest, struct Ends* ends) {
  __u32 offset = nest.begin;
  for (int i = 0; i < FILTER_MAX_NESTED; ++i) {
    struct nlattr attribute;
    long failed = 0;
    if (offset >= nest.end) return 1;
    if (!next_attribute(skb, offset, nest.end, &attribute)) return 0;
    const __u32 payload = offset + sizeof attribute;
    switch (TYPE(attribute)) {
      case CTA_IP_V4_SRC:
        failed = PAYLOAD(attribute) != 4 || load_bytes(skb, payload, ends->source.address, 4) != 0;
        break;
      case CTA_IP_V4_DST:
        failed = PAYLOAD(attribute) != 4 || load_bytes(skb, payload, ends->destination.address, 4) != 0;
        break;
      case CTA_IP_V6_SRC:
        failed = PAYLOAD(attribute) != 16 || load_bytes(skb, payload, ends->source.address, 16) != 0;
        break;
      case CTA_IP_V6_DST:
        failed = PAYLOAD(attribute) != 16 || load_bytes(skb, payload, ends->destination.address, 16) != 0;
        break;
    }
    if (failed) return 0;
    offset = after(offset, nest.end, &attribute);
  }
  return offset >= nest.end;
}

INLINE int read_protocol(struct __sk_buff* skb, struct Span nest, struct Ends* ends) {
  __u32 offset = nest.begin;
  for (int i = 0; i < FILTER_MAX_NESTED; ++i) {
    struct nlattr attribute;
    long failed = 0;
    if (offset >= nest.end) return 1;
    if (!next_attribute(skb, offset, nest.end, &attribute)) return 0;
    const __u32 payload = offset + sizeof attribute;
    switch (TYPE(attribute)) {
      case CTA_PROTO_NUM:
        failed = PAYLOAD(attribute) != 1 || load_bytes(skb, payload, &ends->protocol, 1) != 0;
        break;
      case CTA_PROTO_SRC_PORT:
        failed = PAYLOAD(attribute) != 2 || load_bytes(skb, payload, &ends->source.port, 2) != 0;
        break;
      case CTA_PROTO_DST_PORT:
        failed = PAYLOAD(attribute) != 2 || load_bytes(skb, payload, &ends->destination.port, 2) != 0;
        break;
    }
    if (failed) return 0;
    offset = after(offset, nest.end, &attribute);
  }
  return offset >= nest.end;
}

// The zone of one direction is the event's where the event has none of its own.
INLINE int read_tuple(struct __sk_buff* skb, struct Span nest, struct Ends* ends, struct Event* event) {
  struct Span addresses = {0, 0}, protocol = {0, 0};
  __u32 offset = nest.begin;
  for (int i = 0; i < FILTER_MAX_NESTED; ++i) {
    struct nlattr attribute;
    if (offset >= nest.end) break;
    if (!next_attribute(skb, offset, nest.end, &attribute)) return 0;
    const __u32 payload = offset + sizeof attribute;
    const struct Span span = {payload, offset + attribute.nla_len};
    switch (TYPE(attribute)) {
      case CTA_TUPLE_IP:
        addresses = span;
        break;
      case CTA_TUPLE_PROTO:
        protocol = span;
        break;
      case CTA_TUPLE_ZONE:
        if (PAYLOAD(attribute) != 2) return 0;
        if (!event->zoned && load_bytes(skb, payload, &event->zone, 2) != 0) return 0;
        break;
    }
    offset = after(offset, nest.end, &attribute);
  }
  if (offset < nest.end) return 0;
  return read_addresses(skb, addresses, ends) && read_protocol(skb, protocol, ends);
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

  if (!read_tuple(skb, event.original, &original, &event)) return PASS;
  if (flags & FILTER_BY_ZONE && !has_zone(event.zone)) return DROP;
  if (flags & FILTER_BY_SOURCE && !in_prefix(FILTER_SOURCE_PREFIX, family, &original.source)) return DROP;
  if (!(flags & FILTER_BY_SERVICE)) return PASS;

  if (has_member(FILTER_SERVICE, family, original.protocol, &original.destination, flags)) return PASS;
  if (flags & FILTER_HAS_PREFIXES && in_prefix(FILTER_DESTINATION_PREFIX, family, &original.destination)) {
    return PASS;
  }
  if (!(flags & FILTER_HAS_SERVERS)) return DROP;
  event.zoned = 1;
  if (!event.reply.end || !read_tuple(skb, event.reply, &reply, &event)) return PASS;
  return has_member(FILTER_SERVER, family, reply.protocol, &reply.source, flags) ? PASS : DROP;
}

SECTION("license") const char license_text[] = "Dual MIT/GPL";
