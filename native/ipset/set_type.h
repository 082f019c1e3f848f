#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace director::ipset {

// The parts that an entry consists of, in the order in which ipset writes them.
enum class Part : uint8_t {
  kNone,
  kAddresses,      // an address; IPv4 also a prefix or a range
  kAddress,        // exactly one address
  kNetwork,        // an address, a prefix (not /0) or an IPv4 range
  kAnyNetwork,     // the same, /0 too
  kTransportPort,  // [protocol:]port[-port]
  kPort,           // port[-port], of no protocol
  kMac,
  kOptionalMac,
  kMark,
  kInterface,
  kMember,
};

enum class Kind : uint8_t { kBitmap, kHash, kList };
// What the names of its types begin with.
std::string_view KindName(Kind kind);

// Options that `create` takes, besides those that every type has.
enum CreateOption : uint32_t {
  kFamilyOption = 1u << 0,
  kHashOptions = 1u << 1,  // hashsize, maxelem, forceadd
  kNetmaskOption = 1u << 2,
  kBitmaskOption = 1u << 3,
  kMarkmaskOption = 1u << 4,
  kAddressRangeOption = 1u << 5,
  kPortRangeOption = 1u << 6,
  kSizeOption = 1u << 7,
};

struct SetType {
  std::string_view name;
  Kind kind;
  std::array<Part, 3> parts;
  uint32_t create_options;
  // Newest revision that this code knows: Linux 6.12.
  uint8_t newest_revision;
  // First revisions that know bucketsize and initval, and bitmask; 0 where the type has no such option.
  uint8_t bucketsize_revision;
  uint8_t bitmask_revision;
};

std::span<const SetType> SetTypes();
// Null for a name that ipset has no type of.
const SetType* FindSetType(std::string_view name);

// How ipset's manual writes an entry of the type: "address,[protocol:]port".
std::string EntryForm(const SetType& type);

// What has to be known of a set to read or write its entries.
struct SetShape {
  const SetType* type = nullptr;
  uint8_t family = 0;  // AF_INET, AF_INET6, or 0 for types without addresses
  uint8_t revision = 0;
};

}  // namespace director::ipset
