#include "conntrack/native_filter.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "conntrack/decode.h"
#include "conntrack/wire.h"

namespace director::conntrack {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;
using netlink::Message;

// Visits a nest's attributes; false when it is malformed, has more than `most`, or `visit` says so.
template <class Visitor>
bool Walk(Bytes nest, int most, Visitor visit) {
  AttributeReader reader(nest);
  Attribute attribute;
  for (int count = 0; reader.Next(attribute); ++count) {
    if (count == most || !visit(attribute)) return false;
  }
  return !reader.malformed();
}

bool CopyExactly(const Attribute& attribute, void* to, size_t size) {
  if (attribute.payload.size() != size) return false;
  std::memcpy(to, attribute.payload.data(), size);
  return true;
}

uint64_t KindFlag(EventKind kind) {
  switch (kind) {
    case EventKind::kNew:
      return FILTER_NEW;
    case EventKind::kUpdate:
      return FILTER_UPDATE;
    case EventKind::kDestroy:
      return FILTER_DESTROY;
    case EventKind::kNone:
      break;
  }
  return 0;
}

template <class Key>
size_t Hash(const Key& key) {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(&key), sizeof key});
}

template <class Key>
bool Same(const Key& a, const Key& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

struct CompiledRules::Event {
  Bytes original;
  Bytes reply;
  bool has_original = false;
  bool has_reply = false;
  bool zoned = false;
  uint32_t mark = 0;
  uint16_t zone = 0;  // network order
};

size_t CompiledRules::HashBytes::operator()(const FilterKey& key) const {
  return Hash(key);
}
size_t CompiledRules::HashBytes::operator()(const FilterPrefix& key) const {
  return Hash(key);
}
bool CompiledRules::SameBytes::operator()(const FilterKey& a, const FilterKey& b) const {
  return Same(a, b);
}
bool CompiledRules::SameBytes::operator()(const FilterPrefix& a, const FilterPrefix& b) const {
  return Same(a, b);
}

CompiledRules::CompiledRules(FilterRules rules)
    : flags_(rules.flags),
      marks_(std::move(rules.marks)),
      members_(rules.members.begin(), rules.members.end()),
      prefixes_(rules.prefixes.begin(), rules.prefixes.end()) {
  for (const FilterPrefix& prefix : prefixes_) lengths_.set(prefix.prefix_bits - FILTER_PREFIX_HEAD_BITS);
}

bool CompiledRules::ReadEvent(Bytes attributes, Event& event) {
  return Walk(attributes, FILTER_MAX_ATTRIBUTES, [&](const Attribute& attribute) {
    switch (attribute.type) {
      case CTA_TUPLE_ORIG:
        event.original = attribute.payload;
        event.has_original = true;
        return true;
      case CTA_TUPLE_REPLY:
        event.reply = attribute.payload;
        event.has_reply = true;
        return true;
      case CTA_MARK:
        return attribute.ReadBe32(event.mark);
      case CTA_ZONE:
        event.zoned = true;
        return CopyExactly(attribute, &event.zone, sizeof event.zone);
      default:
        return true;
    }
  });
}

bool CompiledRules::ReadAddresses(Bytes nest, Direction& direction) {
  return Walk(nest, FILTER_MAX_NESTED, [&](const Attribute& attribute) {
    switch (attribute.type) {
      case CTA_IP_V4_SRC:
        return CopyExactly(attribute, direction.source.address, sizeof(in_addr));
      case CTA_IP_V4_DST:
        return CopyExactly(attribute, direction.destination.address, sizeof(in_addr));
      case CTA_IP_V6_SRC:
        return CopyExactly(attribute, direction.source.address, sizeof(in6_addr));
      case CTA_IP_V6_DST:
        return CopyExactly(attribute, direction.destination.address, sizeof(in6_addr));
      default:
        return true;
    }
  });
}

bool CompiledRules::ReadProtocol(Bytes nest, Direction& direction) {
  return Walk(nest, FILTER_MAX_NESTED, [&](const Attribute& attribute) {
    switch (attribute.type) {
      case CTA_PROTO_NUM:
        return CopyExactly(attribute, &direction.protocol, sizeof direction.protocol);
      case CTA_PROTO_SRC_PORT:
        return CopyExactly(attribute, &direction.source.port, sizeof direction.source.port);
      case CTA_PROTO_DST_PORT:
        return CopyExactly(attribute, &direction.destination.port, sizeof direction.destination.port);
      default:
        return true;
    }
  });
}

bool CompiledRules::ReadDirection(Bytes nest, Direction& direction) {
  Bytes addresses, protocol;
  const bool whole = Walk(nest, FILTER_MAX_NESTED, [&](const Attribute& attribute) {
    if (attribute.type == CTA_TUPLE_IP) addresses = attribute.payload;
    if (attribute.type == CTA_TUPLE_PROTO) protocol = attribute.payload;
    return attribute.type != CTA_TUPLE_ZONE || CopyExactly(attribute, &direction.zone, sizeof direction.zone);
  });
  return whole && ReadAddresses(addresses, direction) && ReadProtocol(protocol, direction);
}

bool CompiledRules::HasMark(uint32_t mark) const {
  for (const FilterMark& one : marks_) {
    if ((mark & one.mask) == one.value) return true;
  }
  return false;
}

bool CompiledRules::HasMember(uint8_t role, uint8_t family, uint8_t protocol, const Endpoint& end) const {
  FilterKey key{role, family, protocol, 0, end.port, 0, {}};
  std::memcpy(key.address, end.address, sizeof key.address);
  if (members_.contains(key)) return true;
  key.port = 0;
  return members_.contains(key);
}

bool CompiledRules::InPrefix(uint8_t role, uint8_t family, const Endpoint& end) const {
  const int bits = family == AF_INET ? 32 : 128;
  for (int length = bits; length >= 0; --length) {
    if (!lengths_.test(static_cast<size_t>(length))) continue;
    if (prefixes_.contains(MakePrefix(role, family, end.address, static_cast<uint32_t>(length)))) return true;
  }
  return false;
}

bool CompiledRules::IsService(uint8_t family, const Direction& original, const Event& event) const {
  if (HasMember(FILTER_SERVICE, family, original.protocol, original.destination)) return true;
  if (InPrefix(FILTER_DESTINATION_PREFIX, family, original.destination)) return true;
  if ((flags_ & FILTER_HAS_SERVERS) == 0) return false;
  Direction reply;
  if (!event.has_reply || !ReadDirection(event.reply, reply)) return true;
  return HasMember(FILTER_SERVER, family, reply.protocol, reply.source);
}

bool CompiledRules::Passes(Bytes datagram) const {
  netlink::MessageReader messages(datagram);
  Message message;
  if (!messages.Next(message) || message.payload.size() < sizeof(nfgenmsg)) return true;
  if (SubsystemOf(message.type) != NFNL_SUBSYS_CTNETLINK) return true;
  const uint64_t kind = KindFlag(EventOf(message));
  if (kind == 0) return true;
  return (flags_ & kind) != 0 && PassesFlow(message);
}

bool CompiledRules::PassesFlow(const Message& message) const {
  Event event;
  const Bytes attributes = netlink::AfterHeader(message.payload, sizeof(nfgenmsg));
  if (!ReadEvent(attributes, event) || !event.has_original) return true;
  if ((flags_ & FILTER_BY_MARK) != 0 && !HasMark(event.mark)) return false;
  if ((flags_ & (FILTER_BY_ZONE | FILTER_BY_SOURCE | FILTER_BY_SERVICE)) == 0) return true;

  const uint8_t family = message.payload.front();
  Direction original;
  if (!ReadDirection(event.original, original)) return true;
  const uint16_t zone = event.zoned ? event.zone : original.zone;
  if ((flags_ & FILTER_BY_ZONE) != 0 && !members_.contains({FILTER_ZONE, 0, 0, 0, zone, 0, {}})) return false;
  if ((flags_ & FILTER_BY_SOURCE) != 0 && !InPrefix(FILTER_SOURCE_PREFIX, family, original.source))
    return false;
  return (flags_ & FILTER_BY_SERVICE) == 0 || IsService(family, original, event);
}

}  // namespace director::conntrack
