#include <netinet/in.h>

#include <cstddef>

#include "conntrack/decode.h"
#include "conntrack/wire.h"

namespace director::conntrack {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;

bool CopyAddress(const Attribute& attribute, size_t size, uint8_t (&address)[16]) {
  if (attribute.payload.size() != size) return false;
  std::memcpy(address, attribute.payload.data(), size);
  return true;
}

bool ReadAddresses(Bytes nest, Tuple& tuple) {
  AttributeReader reader(nest);
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    switch (attribute.type) {
      case CTA_IP_V4_SRC:
        good = CopyAddress(attribute, 4, tuple.source);
        break;
      case CTA_IP_V4_DST:
        good = CopyAddress(attribute, 4, tuple.destination);
        break;
      case CTA_IP_V6_SRC:
        good = CopyAddress(attribute, 16, tuple.source);
        break;
      case CTA_IP_V6_DST:
        good = CopyAddress(attribute, 16, tuple.destination);
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  return !reader.malformed();
}

bool ReadProtocol(Bytes nest, Tuple& tuple) {
  AttributeReader reader(nest);
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    switch (attribute.type) {
      case CTA_PROTO_NUM:
        good = attribute.Read(tuple.protocol);
        break;
      case CTA_PROTO_SRC_PORT:
        good = attribute.ReadBe16(tuple.source_port);
        break;
      case CTA_PROTO_DST_PORT:
        good = attribute.ReadBe16(tuple.destination_port);
        break;
      case CTA_PROTO_ICMP_ID:
      case CTA_PROTO_ICMPV6_ID:
        good = attribute.ReadBe16(tuple.icmp_id);
        break;
      case CTA_PROTO_ICMP_TYPE:
      case CTA_PROTO_ICMPV6_TYPE:
        good = attribute.Read(tuple.icmp_type);
        break;
      case CTA_PROTO_ICMP_CODE:
      case CTA_PROTO_ICMPV6_CODE:
        good = attribute.Read(tuple.icmp_code);
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  return !reader.malformed();
}

// A direction of a protocol with ports, byte for byte as ctnetlink lays it out (ctnetlink_dump_tuples).
// Nearly every event has two of these; to compare their headers costs a fraction of walking through them.
template <size_t kAddressBytes>
struct DirectionWithPorts {
  nlattr addresses;
  nlattr source_head;
  uint8_t source[kAddressBytes];
  nlattr destination_head;
  uint8_t destination[kAddressBytes];
  nlattr protocol;
  nlattr number_head;
  uint8_t number;
  uint8_t number_padding[3];
  nlattr source_port_head;
  uint16_t source_port;
  uint16_t source_port_padding;
  nlattr destination_port_head;
  uint16_t destination_port;
  uint16_t destination_port_padding;
};

bool Is(const nlattr& head, int type, size_t length) {
  return head.nla_type == type && head.nla_len == NLA_HDRLEN + length;
}

// False, and nothing read, where the nest looks otherwise.
template <size_t kAddressBytes>
bool ReadWithPorts(Bytes nest, int source, int destination, Tuple& tuple) {
  using Direction = DirectionWithPorts<kAddressBytes>;
  constexpr size_t kProtocolAt = offsetof(Direction, protocol);
  Direction direction;
  if (nest.size() != sizeof direction) return false;
  std::memcpy(&direction, nest.data(), sizeof direction);
  const bool alike =
      Is(direction.addresses, CTA_TUPLE_IP | NLA_F_NESTED, kProtocolAt - NLA_HDRLEN) &&
      Is(direction.source_head, source, kAddressBytes) &&
      Is(direction.destination_head, destination, kAddressBytes) &&
      Is(direction.protocol, CTA_TUPLE_PROTO | NLA_F_NESTED, sizeof direction - kProtocolAt - NLA_HDRLEN) &&
      Is(direction.number_head, CTA_PROTO_NUM, sizeof direction.number) &&
      Is(direction.source_port_head, CTA_PROTO_SRC_PORT, sizeof direction.source_port) &&
      Is(direction.destination_port_head, CTA_PROTO_DST_PORT, sizeof direction.destination_port);
  if (!alike) return false;
  std::memcpy(tuple.source, direction.source, kAddressBytes);
  std::memcpy(tuple.destination, direction.destination, kAddressBytes);
  tuple.protocol = direction.number;
  tuple.source_port = be16toh(direction.source_port);
  tuple.destination_port = be16toh(direction.destination_port);
  return true;
}

bool ReadAsLaidOut(Bytes nest, Tuple& tuple) {
  return ReadWithPorts<sizeof(in_addr)>(nest, CTA_IP_V4_SRC, CTA_IP_V4_DST, tuple) ||
         ReadWithPorts<sizeof(in6_addr)>(nest, CTA_IP_V6_SRC, CTA_IP_V6_DST, tuple);
}

}  // namespace

bool ReadTuple(Bytes nest, uint8_t family, Tuple& tuple, bool& zoned) {
  tuple.family = family;
  if (ReadAsLaidOut(nest, tuple)) return true;
  AttributeReader reader(nest);
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    switch (attribute.type) {
      case CTA_TUPLE_IP:
        good = ReadAddresses(attribute.payload, tuple);
        break;
      case CTA_TUPLE_PROTO:
        good = ReadProtocol(attribute.payload, tuple);
        break;
      case CTA_TUPLE_ZONE:
        good = zoned = attribute.ReadBe16(tuple.zone);
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  return !reader.malformed();
}

}  // namespace director::conntrack
