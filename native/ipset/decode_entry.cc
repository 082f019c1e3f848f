#include "ipset/decode_entry.h"

#include "ipset/wire.h"
#include "netlink/message.h"

namespace director::ipset {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;

bool ReadAddress(const Attribute& nest, EntryRow& row, uint8_t (&out)[16]) {
  AttributeReader reader(nest.payload);
  Attribute address;
  if (!reader.Next(address)) return false;
  const bool v6 = address.type == IPSET_ATTR_IPADDR_IPV6;
  if (address.payload.size() != (v6 ? 16u : 4u)) return false;
  row.family = v6 ? AF_INET6 : AF_INET;
  std::memcpy(out, address.payload.data(), address.payload.size());
  return true;
}

bool ReadFlags(const Attribute& attribute, EntryRow& row) {
  uint32_t flags = 0;
  if (!attribute.ReadBe32(flags)) return false;
  if (flags & IPSET_FLAG_PHYSDEV) row.fields |= kPhysicalDevice;
  if (flags & IPSET_FLAG_NOMATCH) row.fields |= kNoMatch;
  if (flags & IPSET_FLAG_IFACE_WILDCARD) row.fields |= kWildcard;
  return true;
}

template <size_t N>
bool ReadText(const Attribute& attribute, char (&out)[N]) {
  const std::string_view text = attribute.Text();
  if (text.size() >= N) return false;
  CopyText(text, out);
  return true;
}

bool ReadMac(const Attribute& attribute, EntryRow& row) {
  if (attribute.payload.size() != sizeof row.mac) return false;
  std::memcpy(row.mac, attribute.payload.data(), sizeof row.mac);
  return true;
}

bool ReadSkbMark(const Attribute& attribute, EntryRow& row) {
  uint64_t both = 0;
  if (!attribute.ReadBe64(both)) return false;
  row.skb_mark = static_cast<uint32_t>(both >> 32);
  row.skb_mask = static_cast<uint32_t>(both);
  return true;
}

// Reads one attribute into its field; `field` becomes the bit to set, 0 for an attribute that is none.
bool ReadAttribute(const Attribute& attribute, EntryRow& row, uint32_t& field) {
  switch (attribute.type) {
    case IPSET_ATTR_IP:
      return field = kAddress, ReadAddress(attribute, row, row.address);
    case IPSET_ATTR_IP_TO:
      return field = kAddressTo, ReadAddress(attribute, row, row.address_to);
    case IPSET_ATTR_CIDR:
      return field = kPrefix, attribute.Read(row.prefix);
    case IPSET_ATTR_PORT:
      return field = kPort, attribute.ReadBe16(row.port);
    case IPSET_ATTR_PORT_TO:
      return field = kPortTo, attribute.ReadBe16(row.port_to);
    case IPSET_ATTR_TIMEOUT:
      return field = kTimeout, attribute.ReadBe32(row.timeout);
    case IPSET_ATTR_PROTO:
      return field = kProtocolField, attribute.Read(row.protocol);
    case IPSET_ATTR_CADT_FLAGS:
      return ReadFlags(attribute, row);
    case IPSET_ATTR_MARK:
      return field = kMark, attribute.ReadBe32(row.mark);
    case IPSET_ATTR_ETHER:
      return field = kMac, ReadMac(attribute, row);
    case IPSET_ATTR_NAME:
      return field = kMember, ReadText(attribute, row.name);
    case IPSET_ATTR_IP2:
      return field = kAddress2, ReadAddress(attribute, row, row.address2);
    case IPSET_ATTR_CIDR2:
      return field = kPrefix2, attribute.Read(row.prefix2);
    case IPSET_ATTR_IP2_TO:
      return field = kAddress2To, ReadAddress(attribute, row, row.address2_to);
    case IPSET_ATTR_IFACE:
      return field = kInterface, ReadText(attribute, row.name);
    case IPSET_ATTR_BYTES:
      return field = kBytes, attribute.ReadBe64(row.bytes);
    case IPSET_ATTR_PACKETS:
      return field = kPackets, attribute.ReadBe64(row.packets);
    case IPSET_ATTR_COMMENT:
      return field = kComment, ReadText(attribute, row.comment);
    case IPSET_ATTR_SKBMARK:
      return field = kSkbMark, ReadSkbMark(attribute, row);
    case IPSET_ATTR_SKBPRIO:
      return field = kSkbPriority, attribute.ReadBe32(row.skb_priority);
    case IPSET_ATTR_SKBQUEUE:
      return field = kSkbQueue, attribute.ReadBe16(row.skb_queue);
    default:
      return true;
  }
}

// The kernel names the prefix of a whole address too, where ipset writes none.
void DropWholePrefixes(EntryRow& row) {
  const uint8_t whole = row.family == AF_INET6 ? 128 : 32;
  if (row.fields & kPrefix && row.prefix == whole) row.fields &= ~kPrefix;
  if (row.fields & kPrefix2 && row.prefix2 == whole) row.fields &= ~kPrefix2;
}

}  // namespace

bool ReadEntry(Bytes payload, EntryRow& row) {
  AttributeReader reader(payload);
  for (Attribute attribute; reader.Next(attribute);) {
    uint32_t field = 0;
    if (!ReadAttribute(attribute, row, field)) return false;
    row.fields |= field;
  }
  DropWholePrefixes(row);
  return !reader.malformed() && (row.fields & (kAddress | kPort | kMac | kMember)) != 0;
}

}  // namespace director::ipset
