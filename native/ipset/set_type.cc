#include "ipset/set_type.h"

#include <algorithm>

namespace director::ipset {
namespace {

constexpr uint32_t kHash = kFamilyOption | kHashOptions;
constexpr uint32_t kMasks = kNetmaskOption | kBitmaskOption;

using enum Part;

// Source: net/netfilter/ipset/ip_set_*.c of Linux 6.12.
constexpr std::array<SetType, 16> kTypes{{
    {"bitmap:ip", Kind::kBitmap, {kAddresses}, kAddressRangeOption | kNetmaskOption, 3, 0, 0},
    {"bitmap:ip,mac", Kind::kBitmap, {kAddress, kOptionalMac}, kAddressRangeOption, 3, 0, 0},
    {"bitmap:port", Kind::kBitmap, {kPort}, kPortRangeOption, 3, 0, 0},
    {"hash:ip", Kind::kHash, {kAddresses}, kHash | kMasks, 6, 5, 6},
    {"hash:mac", Kind::kHash, {kMac}, kHashOptions, 1, 1, 0},
    {"hash:ip,mac", Kind::kHash, {kAddress, kMac}, kHash, 1, 1, 0},
    {"hash:ip,mark", Kind::kHash, {kAddresses, kMark}, kHash | kMarkmaskOption, 3, 3, 0},
    {"hash:ip,port", Kind::kHash, {kAddresses, kTransportPort}, kHash | kMasks, 7, 6, 7},
    {"hash:ip,port,ip", Kind::kHash, {kAddresses, kTransportPort, kAddress}, kHash, 6, 6, 0},
    {"hash:ip,port,net", Kind::kHash, {kAddresses, kTransportPort, kNetwork}, kHash, 8, 8, 0},
    {"hash:net", Kind::kHash, {kNetwork}, kHash, 7, 7, 0},
    {"hash:net,net", Kind::kHash, {kNetwork, kNetwork}, kHash | kMasks, 4, 3, 4},
    {"hash:net,port", Kind::kHash, {kNetwork, kTransportPort}, kHash, 8, 8, 0},
    {"hash:net,port,net", Kind::kHash, {kAnyNetwork, kTransportPort, kAnyNetwork}, kHash, 3, 3, 0},
    {"hash:net,iface", Kind::kHash, {kAnyNetwork, kInterface}, kHash, 8, 8, 0},
    {"list:set", Kind::kList, {kMember}, kSizeOption, 3, 0, 0},
}};

std::string_view FormOf(Part part) {
  switch (part) {
    case kNone:
      return "";
    case kAddresses:
    case kAddress:
      return "address";
    case kNetwork:
    case kAnyNetwork:
      return "network";
    case kTransportPort:
      return "[protocol:]port";
    case kPort:
      return "port";
    case kMac:
      return "mac";
    case kOptionalMac:
      return "[mac]";
    case kMark:
      return "mark";
    case kInterface:
      return "[physdev:]interface";
    case kMember:
      return "set";
  }
  return "";
}

}  // namespace

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kBitmap:
      return "bitmap";
    case Kind::kHash:
      return "hash";
    case Kind::kList:
      break;
  }
  return "list";
}

std::span<const SetType> SetTypes() {
  return kTypes;
}

const SetType* FindSetType(std::string_view name) {
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [=](const SetType& type) { return type.name == name; });
  return found == kTypes.end() ? nullptr : found;
}

std::string EntryForm(const SetType& type) {
  std::string form;
  for (const Part part : type.parts) {
    if (part == kNone) break;
    if (!form.empty()) form += ',';
    form += FormOf(part);
  }
  return form;
}

}  // namespace director::ipset
