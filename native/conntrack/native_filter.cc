#include "conntrack/native_filter.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <optional>

#include "conntrack/decode.h"
#include "conntrack/wire.h"

namespace director::conntrack {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;
using netlink::Message;

// Where each attribute of a nest is, by its type; the last of several. Empty: there is none.
template <size_t kRoom>
using Found = std::array<std::optional<Bytes>, kRoom>;

// False for a nest that is malformed, or has more than `most` attributes.
template <size_t kRoom>
bool Walk(Bytes nest, int most, Found<kRoom>& found) {
  AttributeReader reader(nest);
  Attribute attribute;
  for (int count = 0; reader.Next(attribute); ++count) {
    if (count == most) return false;
    if (attribute.type < kRoom) found[attribute.type] = attribute.payload;
  }
  return !reader.malformed();
}

// Copies a value, if it is there; false when it is not as long as it should be.
bool ReadValue(const std::optional<Bytes>& found, void* to, size_t size) {
  if (!found) return true;
  if (found->size() != size) return false;
  std::memcpy(to, found->data(), size);
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
  std::optional<Bytes> original;
  std::optional<Bytes> reply;
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
      shown_(rules.shown),
      marks_(std::move(rules.marks)),
      members_(rules.members.begin(), rules.members.end()),
      prefixes_(rules.prefixes.begin(), rules.prefixes.end()) {
  for (const FilterPrefix& prefix : prefixes_) lengths_.set(prefix.prefix_bits - FILTER_PREFIX_HEAD_BITS);
}

bool CompiledRules::ReadEvent(Bytes attributes, Event& event) {
  Found<CTA_ZONE + 1> found;
  if (!Walk(attributes, FILTER_MAX_ATTRIBUTES, found)) return false;
  event.original = found[CTA_TUPLE_ORIG];
  event.reply = found[CTA_TUPLE_REPLY];
  if (!ReadValue(found[CTA_MARK], &event.mark, sizeof event.mark)) return false;
  event.mark = be32toh(event.mark);
  return ReadValue(found[CTA_ZONE], &event.zone, sizeof event.zone);
}

bool CompiledRules::ReadAddresses(Bytes nest, Direction& direction) {
  Found<CTA_IP_V6_DST + 1> found;
  return Walk(nest, FILTER_MAX_NESTED, found) &&
         ReadValue(found[CTA_IP_V4_SRC], direction.source.address, sizeof(in_addr)) &&
         ReadValue(found[CTA_IP_V4_DST], direction.destination.address, sizeof(in_addr)) &&
         ReadValue(found[CTA_IP_V6_SRC], direction.source.address, sizeof(in6_addr)) &&
         ReadValue(found[CTA_IP_V6_DST], direction.destination.address, sizeof(in6_addr));
}

bool CompiledRules::ReadProtocol(Bytes nest, Direction& direction) {
  Found<CTA_PROTO_DST_PORT + 1> found;
  return Walk(nest, FILTER_MAX_NESTED, found) &&
         ReadValue(found[CTA_PROTO_NUM], &direction.protocol, sizeof direction.protocol) &&
         ReadValue(found[CTA_PROTO_SRC_PORT], &direction.source.port, sizeof direction.source.port) &&
         ReadValue(found[CTA_PROTO_DST_PORT], &direction.destination.port, sizeof direction.destination.port);
}

bool CompiledRules::ReadDirection(Bytes nest, Direction& direction) {
  Found<CTA_TUPLE_ZONE + 1> found;
  return Walk(nest, FILTER_MAX_NESTED, found) &&
         ReadValue(found[CTA_TUPLE_ZONE], &direction.zone, sizeof direction.zone) &&
         ReadAddresses(found[CTA_TUPLE_IP].value_or(Bytes()), direction) &&
         ReadProtocol(found[CTA_TUPLE_PROTO].value_or(Bytes()), direction);
}

// A flow has one zone, and the kernel does not send zone 0: the flow's own, or that of one direction.
bool CompiledRules::ReadZone(const Event& event, const Direction& original, uint16_t& zone) {
  zone = event.zone != 0 ? event.zone : original.zone;
  if (zone != 0) return true;
  Found<CTA_TUPLE_ZONE + 1> found;
  return Walk(event.reply.value_or(Bytes()), FILTER_MAX_NESTED, found) &&
         ReadValue(found[CTA_TUPLE_ZONE], &zone, sizeof zone);
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
  if (!event.reply || !ReadDirection(*event.reply, reply)) return true;
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
  if (!ReadEvent(attributes, event) || !event.original) return true;
  if ((flags_ & FILTER_BY_MARK) != 0 && !HasMark(event.mark)) return false;
  if ((flags_ & (FILTER_BY_ZONE | FILTER_BY_SOURCE | FILTER_BY_SERVICE)) == 0) return true;

  const uint8_t family = message.payload.front();
  Direction original;
  if (!ReadDirection(*event.original, original)) return true;
  if ((flags_ & FILTER_BY_ZONE) != 0) {
    uint16_t zone;
    if (!ReadZone(event, original, zone)) return true;
    if (!members_.contains({FILTER_ZONE, 0, 0, 0, zone, 0, {}})) return false;
  }
  if ((flags_ & FILTER_BY_SOURCE) != 0 && !InPrefix(FILTER_SOURCE_PREFIX, family, original.source))
    return false;
  return (flags_ & FILTER_BY_SERVICE) == 0 || IsService(family, original, event);
}

}  // namespace director::conntrack
