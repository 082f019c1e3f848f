#include <sys/socket.h>

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

}  // namespace

bool ReadTuple(Bytes nest, uint8_t family, Tuple& tuple, bool& zoned) {
  tuple.family = family;
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
