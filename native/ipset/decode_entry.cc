#include "ipset/decode_entry.h"

#include <cstddef>

#include "ipset/wire.h"
#include "netlink/message.h"

namespace director::ipset {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;

#define PLACE(field, member) \
  { field, offsetof(EntryRow, member), sizeof(EntryRow::member), true }

// By the number of the attribute.
constexpr auto kPlaces = [] {
  std::array<Place, IPSET_ATTR_ADT_MAX + 1> places{};
  places[IPSET_ATTR_CIDR] = PLACE(kPrefix, prefix);
  places[IPSET_ATTR_PORT] = PLACE(kPort, port);
  places[IPSET_ATTR_PORT_TO] = PLACE(kPortTo, port_to);
  places[IPSET_ATTR_TIMEOUT] = PLACE(kTimeout, timeout);
  places[IPSET_ATTR_PROTO] = PLACE(kProtocolField, protocol);
  places[IPSET_ATTR_MARK] = PLACE(kMark, mark);
  places[IPSET_ATTR_CIDR2] = PLACE(kPrefix2, prefix2);
  places[IPSET_ATTR_BYTES] = PLACE(kBytes, bytes);
  places[IPSET_ATTR_PACKETS] = PLACE(kPackets, packets);
  places[IPSET_ATTR_SKBPRIO] = PLACE(kSkbPriority, skb_priority);
  places[IPSET_ATTR_SKBQUEUE] = PLACE(kSkbQueue, skb_queue);
  places[IPSET_ATTR_ETHER] = {kMac, offsetof(EntryRow, mac), sizeof(EntryRow::mac), false};
  return places;
}();

// Addresses are nests of one attribute.
constexpr auto kAddressPlaces = [] {
  std::array<Place, IPSET_ATTR_ADT_MAX + 1> places{};
  places[IPSET_ATTR_IP] = PLACE(kAddress, address);
  places[IPSET_ATTR_IP_TO] = PLACE(kAddressTo, address_to);
  places[IPSET_ATTR_IP2] = PLACE(kAddress2, address2);
  places[IPSET_ATTR_IP2_TO] = PLACE(kAddress2To, address2_to);
  return places;
}();

#undef PLACE

bool ReadAddress(Bytes element, const Attribute& nest, Place place, EntryRow& row, EntryShape& shape) {
  AttributeReader reader(nest.payload);
  Attribute address;
  if (!reader.Next(address)) return false;
  const bool v6 = address.type == IPSET_ATTR_IPADDR_IPV6;
  place.number = false;
  place.size = v6 ? 16 : 4;
  row.family = v6 ? AF_INET6 : AF_INET;
  row.fields |= place.field;
  shape.AddHead(element, address);
  shape.AddValue(element, address.payload, place);
  return Copy(address.payload, place, row);
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

bool ReadSkbMark(const Attribute& attribute, EntryRow& row) {
  uint64_t both = 0;
  if (!attribute.ReadBe64(both)) return false;
  row.skb_mark = static_cast<uint32_t>(both >> 32);
  row.skb_mask = static_cast<uint32_t>(both);
  return true;
}

// What has to be looked at each time. Attributes that are unknown are skipped.
bool ReadOther(const Attribute& attribute, EntryRow& row, EntryShape& shape) {
  const auto read = [&](uint32_t field, bool good) {
    shape.Refuse();
    row.fields |= field;
    return good;
  };
  switch (attribute.type) {
    case IPSET_ATTR_CADT_FLAGS:
      return read(0, ReadFlags(attribute, row));
    case IPSET_ATTR_NAME:
      return read(kMember, ReadText(attribute, row.name));
    case IPSET_ATTR_IFACE:
      return read(kInterface, ReadText(attribute, row.name));
    case IPSET_ATTR_COMMENT:
      return read(kComment, ReadText(attribute, row.comment));
    case IPSET_ATTR_SKBMARK:
      return read(kSkbMark, ReadSkbMark(attribute, row));
    default:
      return true;
  }
}

bool ReadAttribute(Bytes element, const Attribute& attribute, EntryRow& row, EntryShape& shape) {
  shape.AddHead(element, attribute);
  if (attribute.type >= kPlaces.size()) return true;
  if (const Place& place = kAddressPlaces[attribute.type]; place.field != 0) {
    return ReadAddress(element, attribute, place, row, shape);
  }
  const Place& place = kPlaces[attribute.type];
  if (place.field == 0) return ReadOther(attribute, row, shape);
  row.fields |= place.field;
  shape.AddValue(element, attribute.payload, place);
  return Copy(attribute.payload, place, row);
}

// The kernel names the prefix of a whole address too, where ipset writes none.
void DropWholePrefixes(EntryRow& row) {
  const uint8_t whole = row.family == AF_INET6 ? 128 : 32;
  if (row.fields & kPrefix && row.prefix == whole) row.fields &= ~kPrefix;
  if (row.fields & kPrefix2 && row.prefix2 == whole) row.fields &= ~kPrefix2;
}

}  // namespace

bool EntryReader::Read(Bytes element, EntryRow& row) {
  if (!last_.Read(element, row) && !ReadEach(element, row)) return false;
  DropWholePrefixes(row);
  return true;
}

bool EntryReader::ReadEach(Bytes element, EntryRow& row) {
  last_.Begin();
  AttributeReader reader(element);
  for (Attribute attribute; reader.Next(attribute);) {
    if (!ReadAttribute(element, attribute, row, last_)) return false;
  }
  if (reader.malformed() || (row.fields & (kAddress | kPort | kMac | kMember)) == 0) return false;
  last_.End(element, row);
  return true;
}

}  // namespace director::ipset
