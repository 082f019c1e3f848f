#include "route/decode.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace director::route {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;

template <class T>
bool ReadHeader(Bytes payload, T& header) {
  if (payload.size() < sizeof header) return false;
  std::memcpy(&header, payload.data(), sizeof header);
  return true;
}

void ReadKind(Bytes link_info, LinkRow& row) {
  AttributeReader reader(link_info);
  for (Attribute attribute; reader.Next(attribute);) {
    if (attribute.type == IFLA_INFO_KIND) CopyText(attribute.Text(), row.kind);
  }
}

// Longer hardware addresses (InfiniBand) are left out.
void ReadHardware(Bytes address, LinkRow& row) {
  if (address.size() > sizeof row.hardware) return;
  row.hardware_size = static_cast<uint8_t>(address.size());
  std::copy(address.begin(), address.end(), row.hardware);
}

bool ReadLinkAttribute(const Attribute& attribute, LinkRow& row) {
  switch (attribute.type) {
    case IFLA_IFNAME:
      CopyText(attribute.Text(), row.name);
      return true;
    case IFLA_MTU:
      return attribute.Read(row.mtu);
    case IFLA_MASTER:
      return attribute.Read(row.master);
    case IFLA_OPERSTATE:
      return attribute.Read(row.operational_state);
    case IFLA_ADDRESS:
      ReadHardware(attribute.payload, row);
      return true;
    case IFLA_LINKINFO:
      ReadKind(attribute.payload, row);
      return true;
    default:
      return true;
  }
}

size_t AddressSize(uint8_t family) {
  return family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr);
}

template <size_t N>
bool ReadBytes(const Attribute& attribute, size_t size, uint8_t (&field)[N]) {
  if (attribute.payload.size() != size || size > N) return false;
  std::copy(attribute.payload.begin(), attribute.payload.end(), field);
  return true;
}

bool ReadLifetimes(const Attribute& attribute, AddressRow& row) {
  ifa_cacheinfo lifetimes;
  if (!attribute.Read(lifetimes)) return false;
  row.valid_seconds = lifetimes.ifa_valid;
  row.preferred_seconds = lifetimes.ifa_prefered;
  return true;
}

}  // namespace

bool ReadLink(Bytes payload, LinkRow& row) {
  ifinfomsg header;
  if (!ReadHeader(payload, header)) return false;
  row = {};
  row.index = static_cast<uint32_t>(header.ifi_index);
  row.flags = header.ifi_flags;
  AttributeReader reader(netlink::AfterHeader(payload, sizeof header));
  for (Attribute attribute; reader.Next(attribute);) {
    if (!ReadLinkAttribute(attribute, row)) return false;
  }
  return !reader.malformed() && row.name[0] != 0;
}

bool ReadAddress(Bytes payload, AddressRow& row, uint32_t& link_index) {
  ifaddrmsg header;
  if (!ReadHeader(payload, header)) return false;
  row = {};
  row.family = header.ifa_family;
  row.prefix_length = header.ifa_prefixlen;
  row.scope = header.ifa_scope;
  row.flags = header.ifa_flags;
  row.valid_seconds = row.preferred_seconds = kForever;
  link_index = header.ifa_index;

  const size_t size = AddressSize(header.ifa_family);
  bool has_address = false, has_peer = false;
  AttributeReader reader(netlink::AfterHeader(payload, sizeof header));
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    switch (attribute.type) {
      case IFA_LOCAL:
        good = has_address = ReadBytes(attribute, size, row.address);
        break;
      case IFA_ADDRESS:
        good = has_peer = ReadBytes(attribute, size, row.peer);
        break;
      case IFA_BROADCAST:
        good = ReadBytes(attribute, sizeof row.broadcast, row.broadcast);
        row.has_broadcast = 1;
        break;
      case IFA_LABEL:
        CopyText(attribute.Text(), row.label);
        break;
      case IFA_FLAGS:
        good = attribute.Read(row.flags);
        break;
      case IFA_CACHEINFO:
        good = ReadLifetimes(attribute, row);
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  // An IPv6 address without a peer comes as IFA_ADDRESS alone.
  if (!has_address) std::copy(std::begin(row.peer), std::end(row.peer), row.address);
  if (!has_peer) std::copy(std::begin(row.address), std::end(row.address), row.peer);
  return !reader.malformed() && (has_address || has_peer);
}

}  // namespace director::route
