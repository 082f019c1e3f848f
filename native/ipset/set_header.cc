#include "ipset/set_header.h"

#include <charconv>

#include "ipset/entry_rules.h"
#include "ipset/print_entry.h"
#include "ipset/wire.h"

namespace director::ipset {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;
using netlink::MessageWriter;
using Address = SetOptions::Address;

void PutAddress(MessageWriter& writer, uint16_t type, const Address& address) {
  nlattr* nest = writer.OpenNest(type);
  if (address.family == AF_INET6) {
    writer.Put(IPSET_ATTR_IPADDR_IPV6 | NLA_F_NET_BYTEORDER, address.bytes);
  } else {
    writer.Put(IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, Bytes(address.bytes).first(4));
  }
  writer.CloseNest(nest);
}

bool ReadAddress(const Attribute& nest, std::optional<Address>& out) {
  AttributeReader reader(nest.payload);
  Attribute attribute;
  if (!reader.Next(attribute)) return false;
  const bool v6 = attribute.type == IPSET_ATTR_IPADDR_IPV6;
  if (attribute.payload.size() != (v6 ? 16u : 4u)) return false;
  Address address;
  address.family = v6 ? AF_INET6 : AF_INET;
  std::memcpy(address.bytes, attribute.payload.data(), attribute.payload.size());
  out = address;
  return true;
}

bool Read8(const Attribute& attribute, std::optional<uint8_t>& out) {
  return attribute.Read(out.emplace());
}
bool Read16(const Attribute& attribute, std::optional<uint16_t>& out) {
  return attribute.ReadBe16(out.emplace());
}
// The kernel says which order a number is in; markmask comes in its own.
bool Read32(const Attribute& attribute, std::optional<uint32_t>& out) {
  return attribute.net_byte_order ? attribute.ReadBe32(out.emplace()) : attribute.Read(out.emplace());
}

bool ReadFlags(const Attribute& attribute, SetOptions& options) {
  uint32_t flags = 0;
  if (!attribute.ReadBe32(flags)) return false;
  options.counters = flags & IPSET_FLAG_WITH_COUNTERS;
  options.comment = flags & IPSET_FLAG_WITH_COMMENT;
  options.force_add = flags & IPSET_FLAG_WITH_FORCEADD;
  options.skb_info = flags & IPSET_FLAG_WITH_SKBINFO;
  return true;
}

bool ReadOption(const Attribute& attribute, SetHeader& header) {
  SetOptions& options = header.options;
  switch (attribute.type) {
    case IPSET_ATTR_IP_FROM:
      return ReadAddress(attribute, options.first_address);
    case IPSET_ATTR_IP_TO:
      return ReadAddress(attribute, options.last_address);
    case IPSET_ATTR_PORT:
      return Read16(attribute, options.first_port);
    case IPSET_ATTR_PORT_TO:
      return Read16(attribute, options.last_port);
    case IPSET_ATTR_TIMEOUT:
      return Read32(attribute, options.timeout);
    case IPSET_ATTR_CADT_FLAGS:
      return ReadFlags(attribute, options);
    case IPSET_ATTR_MARKMASK:
      return Read32(attribute, options.mark_mask);
    case kAttrBitmask:
      return ReadAddress(attribute, options.bitmask);
    case IPSET_ATTR_INITVAL:
      return Read32(attribute, options.initial_value);
    case IPSET_ATTR_HASHSIZE:
      return Read32(attribute, options.hash_size);
    case IPSET_ATTR_MAXELEM:
      return Read32(attribute, options.max_elements);
    case IPSET_ATTR_NETMASK:
      return Read8(attribute, options.netmask);
    case IPSET_ATTR_BUCKETSIZE:
      return Read8(attribute, options.bucket_size);
    case IPSET_ATTR_SIZE:
      return Read32(attribute, options.size);
    case IPSET_ATTR_ELEMENTS:
      return attribute.ReadBe32(header.elements);
    case IPSET_ATTR_REFERENCES:
      return attribute.ReadBe32(header.references);
    case IPSET_ATTR_MEMSIZE:
      return attribute.ReadBe32(header.memory_bytes);
    default:
      return true;
  }
}

bool ReadOptions(const Attribute& data, SetHeader& header) {
  AttributeReader reader(data.payload);
  for (Attribute attribute; reader.Next(attribute);) {
    if (!ReadOption(attribute, header)) return false;
  }
  return !reader.malformed();
}

void Append(std::string& out, std::string_view keyword, uint64_t value, int base = 10, size_t width = 0) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
  const auto length = static_cast<size_t>(end - digits);
  out += ' ';
  out += keyword;
  out += base == 16 ? " 0x" : " ";
  if (length < width) out.append(width - length, '0');
  out.append(digits, end);
}

void AppendRange(std::string& out, const SetOptions& options) {
  if (options.first_address && options.last_address) {
    out += " range " + PrintAddress(options.first_address->family, options.first_address->bytes) + '-' +
           PrintAddress(options.last_address->family, options.last_address->bytes);
  }
  if (options.first_port && options.last_port) {
    out += " range " + std::to_string(*options.first_port) + '-' + std::to_string(*options.last_port);
  }
}

}  // namespace

void PutSetOptions(MessageWriter& writer, const SetOptions& options) {
  constexpr uint16_t kNet = NLA_F_NET_BYTEORDER;
  nlattr* data = writer.OpenNest(IPSET_ATTR_DATA);
  if (options.first_address) PutAddress(writer, IPSET_ATTR_IP_FROM, *options.first_address);
  if (options.last_address) PutAddress(writer, IPSET_ATTR_IP_TO, *options.last_address);
  if (options.first_port) writer.PutBe16(IPSET_ATTR_PORT | kNet, *options.first_port);
  if (options.last_port) writer.PutBe16(IPSET_ATTR_PORT_TO | kNet, *options.last_port);
  if (options.hash_size) writer.PutBe32(IPSET_ATTR_HASHSIZE | kNet, *options.hash_size);
  if (options.max_elements) writer.PutBe32(IPSET_ATTR_MAXELEM | kNet, *options.max_elements);
  if (options.bucket_size) writer.PutU8(IPSET_ATTR_BUCKETSIZE, *options.bucket_size);
  if (options.initial_value) writer.PutBe32(IPSET_ATTR_INITVAL | kNet, *options.initial_value);
  if (options.netmask) writer.PutU8(IPSET_ATTR_NETMASK, *options.netmask);
  if (options.bitmask) PutAddress(writer, kAttrBitmask, *options.bitmask);
  if (options.mark_mask) writer.PutBe32(IPSET_ATTR_MARKMASK | kNet, *options.mark_mask);
  if (options.size) writer.PutBe32(IPSET_ATTR_SIZE | kNet, *options.size);
  if (options.timeout) writer.PutBe32(IPSET_ATTR_TIMEOUT | kNet, *options.timeout);
  const uint32_t flags =
      (options.counters ? IPSET_FLAG_WITH_COUNTERS : 0) | (options.comment ? IPSET_FLAG_WITH_COMMENT : 0) |
      (options.force_add ? IPSET_FLAG_WITH_FORCEADD : 0) | (options.skb_info ? IPSET_FLAG_WITH_SKBINFO : 0);
  if (flags != 0) writer.PutBe32(IPSET_ATTR_CADT_FLAGS | kNet, flags);
  writer.CloseNest(data);
}

bool ReadSetHeader(Bytes payload, SetHeader& header) {
  AttributeReader reader(netlink::AfterHeader(payload, sizeof(nfgenmsg)));
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    switch (attribute.type) {
      case IPSET_ATTR_SETNAME:
        header.name = attribute.Text();
        break;
      case IPSET_ATTR_TYPENAME:
        header.type = attribute.Text();
        break;
      case IPSET_ATTR_REVISION:
        good = attribute.Read(header.revision);
        break;
      case IPSET_ATTR_FAMILY:
        good = attribute.Read(header.family);
        break;
      case IPSET_ATTR_DATA:
        good = ReadOptions(attribute, header);
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  return !reader.malformed();
}

std::string PrintCreate(const SetHeader& header) {
  const SetOptions& options = header.options;
  std::string out = "create " + header.name + ' ' + header.type;
  const bool hash = header.type.starts_with("hash:");
  if (hash && header.family != AF_UNSPEC) out += header.family == AF_INET6 ? " family inet6" : " family inet";
  AppendRange(out, options);
  if (options.mark_mask) Append(out, "markmask", *options.mark_mask, 16, 8);
  if (options.hash_size) Append(out, "hashsize", *options.hash_size);
  if (options.max_elements) Append(out, "maxelem", *options.max_elements);
  if (options.netmask) Append(out, "netmask", *options.netmask);
  if (options.bitmask) out += " bitmask " + PrintAddress(options.bitmask->family, options.bitmask->bytes);
  if (options.size) Append(out, "size", *options.size);
  if (options.timeout) Append(out, "timeout", *options.timeout);
  if (options.counters) out += " counters";
  if (options.comment) out += " comment";
  if (options.skb_info) out += " skbinfo";
  if (options.bucket_size) Append(out, "bucketsize", *options.bucket_size);
  if (options.initial_value) Append(out, "initval", *options.initial_value, 16, 8);
  return out;
}

size_t RowBytes(const SetHeader& header) {
  const SetType* type = FindSetType(header.type);
  if (type == nullptr) return sizeof(EntryRow);
  // What the kernel lists of an element; the rest is for changes.
  constexpr uint32_t kListed = kAddress2 | kMac | kInterface | kMember;
  const SetOptions& options = header.options;
  uint32_t fields = EntryRules({type, header.family, header.revision}).allowed & kListed;
  if (options.timeout || options.counters || options.skb_info) fields |= kTimeout;
  if (options.comment) fields |= kComment;
  return RowBytesOf(fields);
}

}  // namespace director::ipset
