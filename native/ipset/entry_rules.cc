#include "ipset/entry_rules.h"

#include <netinet/in.h>

#include <array>
#include <bit>

#include "ipset/names.h"
#include "ipset/print_entry.h"
#include "ipset/wire.h"

namespace director::ipset {
namespace {

struct FieldName {
  uint32_t field;
  std::string_view name;
};

// As the fields are called in TypeScript.
constexpr FieldName kFieldNames[] = {
    {kAddress, "address"},
    {kAddressTo, "addressTo"},
    {kPrefix, "prefixLength"},
    {kAddress2, "address2"},
    {kAddress2To, "address2To"},
    {kPrefix2, "prefixLength2"},
    {kProtocolField, "protocol"},
    {kPort, "port"},
    {kPortTo, "portTo"},
    {kMark, "mark"},
    {kMac, "mac"},
    {kInterface, "interface"},
    {kMember, "set"},
    {kReference, "before"},
    {kBefore, "before"},
    {kNoMatch, "nomatch"},
    {kPhysicalDevice, "physicalDevice"},
    {kWildcard, "wildcard"},
};

std::string_view NameOfLowest(uint32_t fields) {
  const uint32_t lowest = 1u << std::countr_zero(fields);
  for (const auto& [field, name] : kFieldNames) {
    if (field == lowest) return name;
  }
  return "entry";
}

bool IsNetwork(Part part) {
  return part == Part::kNetwork || part == Part::kAnyNetwork;
}

void AllowAddresses(EntryRules& rules, Part part, bool second) {
  rules.required |= second ? kAddress2 : kAddress;
  rules.allowed |= second ? kPrefix2 : kPrefix;
  if (part != Part::kAddress) rules.allowed |= second ? kAddress2To : kAddressTo;
  if (IsNetwork(part)) rules.allowed |= kNoMatch;
}

// Returns whether the part was an address.
bool AllowPart(EntryRules& rules, Part part, bool second) {
  switch (part) {
    case Part::kNone:
      return false;
    case Part::kAddresses:
    case Part::kAddress:
    case Part::kNetwork:
    case Part::kAnyNetwork:
      AllowAddresses(rules, part, second);
      return true;
    case Part::kTransportPort:
      rules.required |= kProtocolField | kPort;
      rules.allowed |= kPortTo;
      return false;
    case Part::kPort:
      rules.required |= kPort;
      rules.allowed |= kPortTo;
      return false;
    case Part::kMac:
      rules.required |= kMac;
      return false;
    case Part::kOptionalMac:
      rules.allowed |= kMac;
      return false;
    case Part::kMark:
      rules.required |= kMark;
      return false;
    case Part::kInterface:
      rules.required |= kInterface;
      rules.allowed |= kPhysicalDevice | kWildcard;
      return false;
    case Part::kMember:
      rules.required |= kMember;
      rules.allowed |= kReference | kBefore;
      return false;
  }
  return false;
}

std::string Entries(const EntryRules& rules) {
  return std::string(rules.shape.type->name) + " entries are " + EntryForm(*rules.shape.type);
}

bool CheckFamily(const EntryRules& rules, const EntryRow& row, EntryFault& fault) {
  if ((row.fields & kAddress) == 0 || row.family == rules.shape.family) return true;
  return Reject(fault, "address", PrintAddress(row.family, row.address),
                rules.shape.family == AF_INET6 ? "an IPv6 address, since the set's family is inet6"
                                               : "an IPv4 address, since the set's family is inet");
}

// One side of an entry: which bits and bytes of the row it is.
struct AddressSide {
  uint32_t to;
  uint32_t prefix;
  std::string_view to_name;
  std::string_view prefix_name;
  const uint8_t (&to_bytes)[16];
  const uint8_t& prefix_value;
};

bool CheckAddresses(const EntryRules& rules, Part part, const AddressSide& side, EntryRow& row,
                    EntryFault& fault) {
  const unsigned whole = row.family == AF_INET6 ? 128 : 32;
  if (row.fields & side.to) {
    if (row.family == AF_INET6) {
      return Reject(fault, side.to_name, PrintAddress(AF_INET6, side.to_bytes),
                    "no range: the kernel has them for IPv4 only");
    }
    if (row.fields & side.prefix) {
      return Reject(fault, side.prefix_name, std::to_string(side.prefix_value),
                    "a range or a prefix length, not both");
    }
  }
  if ((row.fields & side.prefix) == 0) return true;
  const unsigned prefix = side.prefix_value;
  if (prefix == whole) {
    row.fields &= ~side.prefix;
    return true;
  }
  const bool one_address = part == Part::kAddress || (part == Part::kAddresses && row.family == AF_INET6);
  if (one_address) {
    return Reject(fault, side.prefix_name, std::to_string(prefix),
                  "one address: " + std::string(rules.shape.type->name) + " takes no network here");
  }
  const unsigned least = part == Part::kAnyNetwork ? 0 : 1;
  if (prefix >= least && prefix < whole) return true;
  return Reject(
      fault, side.prefix_name, std::to_string(prefix),
      std::to_string(least) + "–" + std::to_string(whole) + " for " + std::string(rules.shape.type->name));
}

bool CheckPorts(const EntryRow& row, EntryFault& fault) {
  const auto protocol = [&] {
    const std::string_view name = ProtocolName(row.protocol);
    return name.empty() ? std::to_string(row.protocol) : std::string(name);
  };
  if (row.protocol == 0) return Reject(fault, "protocol", "0", "1–255 or a protocol's name");
  if (row.protocol == IPPROTO_ICMP && row.family != AF_INET) {
    return Reject(fault, "protocol", protocol(), "icmp only in sets of family inet");
  }
  if (row.protocol == IPPROTO_ICMPV6 && row.family != AF_INET6) {
    return Reject(fault, "protocol", protocol(), "icmpv6 only in sets of family inet6");
  }
  if (HasPorts(row.protocol)) return true;
  if (row.fields & kPortTo)
    return Reject(fault, "portTo", std::to_string(row.port_to), "no port range with " + protocol());
  if (IsIcmp(row.protocol) || row.port == 0) return true;
  return Reject(fault, "port", std::to_string(row.port), "0, since " + protocol() + " has no ports");
}

constexpr uint32_t kNumbers = kTimeout | kPackets | kBytes;

bool CheckCount(std::string_view field, uint64_t count, EntryFault& fault) {
  if (count <= kMaxCount) return true;
  return Reject(fault, field, std::to_string(count), "0–18446744073709551614");
}

bool CheckNumbers(const EntryRow& row, EntryFault& fault) {
  if ((row.fields & kTimeout) && row.timeout > kMaxTimeoutSeconds) {
    return Reject(fault, "timeout", std::to_string(row.timeout), "0–2147483 seconds");
  }
  return ((row.fields & kPackets) == 0 || CheckCount("packets", row.packets, fault)) &&
         ((row.fields & kBytes) == 0 || CheckCount("bytes", row.bytes, fault));
}

bool CheckParts(const EntryRules& rules, EntryRow& row, EntryFault& fault) {
  bool second = false;
  for (const Part part : rules.shape.type->parts) {
    switch (part) {
      case Part::kAddresses:
      case Part::kAddress:
      case Part::kNetwork:
      case Part::kAnyNetwork: {
        const AddressSide first_side{kAddressTo,     kPrefix,        "addressTo",
                                     "prefixLength", row.address_to, row.prefix};
        const AddressSide second_side{kAddress2To,     kPrefix2,        "address2To",
                                      "prefixLength2", row.address2_to, row.prefix2};
        if (!CheckAddresses(rules, part, second ? second_side : first_side, row, fault)) return false;
        second = true;
        break;
      }
      case Part::kTransportPort:
        if (!CheckPorts(row, fault)) return false;
        break;
      default:
        break;
    }
  }
  return true;
}

}  // namespace

EntryRules::EntryRules(const SetShape& set_shape) : shape(set_shape) {
  bool second = false;
  for (const Part part : shape.type->parts) second |= AllowPart(*this, part, second);
  allowed |= required | kExtensions;
}

bool CheckEntry(const EntryRules& rules, EntryRow& row, EntryFault& fault) {
  if (const uint32_t missing = rules.required & ~row.fields; missing != 0) {
    return Reject(fault, NameOfLowest(missing), "", "a value: " + Entries(rules));
  }
  if (const uint32_t foreign = row.fields & ~rules.allowed; foreign != 0) {
    return Reject(fault, NameOfLowest(foreign), PrintElement(row), "no such field: " + Entries(rules));
  }
  if ((row.fields & kNumbers) && !CheckNumbers(row, fault)) return false;
  return CheckFamily(rules, row, fault) && CheckParts(rules, row, fault);
}

}  // namespace director::ipset
