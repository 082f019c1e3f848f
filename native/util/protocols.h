#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace director {

struct Protocol {
  uint8_t number;
  std::string_view name;
};

// The Internet protocol numbers under the names that Debian's /etc/protocols gives them, which is what ipset
// prints. A table, so that nothing has to be looked up on the machine.
inline constexpr Protocol kProtocols[] = {
    {0, "ip"},
    {1, "icmp"},
    {2, "igmp"},
    {3, "ggp"},
    {4, "ipencap"},
    {5, "st"},
    {6, "tcp"},
    {8, "egp"},
    {9, "igp"},
    {12, "pup"},
    {17, "udp"},
    {20, "hmp"},
    {22, "xns-idp"},
    {27, "rdp"},
    {29, "iso-tp4"},
    {33, "dccp"},
    {36, "xtp"},
    {37, "ddp"},
    {38, "idpr-cmtp"},
    {41, "ipv6"},
    {43, "ipv6-route"},
    {44, "ipv6-frag"},
    {45, "idrp"},
    {46, "rsvp"},
    {47, "gre"},
    {50, "esp"},
    {51, "ah"},
    {57, "skip"},
    {58, "ipv6-icmp"},
    {59, "ipv6-nonxt"},
    {60, "ipv6-opts"},
    {73, "rspf"},
    {81, "vmtp"},
    {88, "eigrp"},
    {89, "ospf"},
    {93, "ax.25"},
    {94, "ipip"},
    {97, "etherip"},
    {98, "encap"},
    {103, "pim"},
    {108, "ipcomp"},
    {112, "vrrp"},
    {115, "l2tp"},
    {124, "isis"},
    {132, "sctp"},
    {133, "fc"},
    {135, "mobility-header"},
    {136, "udplite"},
    {137, "mpls-in-ip"},
    {138, "manet"},
    {139, "hip"},
    {140, "shim6"},
    {141, "wesp"},
    {142, "rohc"},
    {143, "ethernet"},
};

// Empty for a number without a name.
inline std::string_view NameOfProtocol(uint8_t number) {
  const auto found = std::find_if(std::begin(kProtocols), std::end(kProtocols),
                                  [=](const Protocol& protocol) { return protocol.number == number; });
  return found == std::end(kProtocols) ? std::string_view{} : found->name;
}

// /etc/protocols has each name in capitals too; ipset takes "icmpv6" for "ipv6-icmp".
inline std::optional<uint8_t> ProtocolNamed(std::string_view text) {
  const auto lowered = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
  };
  const auto is = [&](std::string_view name) {
    return std::equal(text.begin(), text.end(), name.begin(), name.end(),
                      [&](char given, char known) { return lowered(given) == known; });
  };
  if (is("icmpv6")) return ProtocolNamed("ipv6-icmp");
  const auto found = std::find_if(std::begin(kProtocols), std::end(kProtocols),
                                  [&](const Protocol& protocol) { return is(protocol.name); });
  if (found == std::end(kProtocols)) return std::nullopt;
  return found->number;
}

}  // namespace director
