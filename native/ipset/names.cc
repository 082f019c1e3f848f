#include "ipset/names.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <span>

#include "ipset/scan.h"
#include "util/protocols.h"

namespace director::ipset {
namespace {

struct Name {
  uint16_t number;
  std::string_view name;
};

constexpr uint16_t Icmp(unsigned type, unsigned code) {
  return static_cast<uint16_t>(type << 8 | code);
}

// The first name of a number is the one that ipset prints.
constexpr Name kIcmpNames[] = {
    {Icmp(0, 0), "echo-reply"},
    {Icmp(0, 0), "pong"},
    {Icmp(3, 0), "network-unreachable"},
    {Icmp(3, 1), "host-unreachable"},
    {Icmp(3, 2), "protocol-unreachable"},
    {Icmp(3, 3), "port-unreachable"},
    {Icmp(3, 4), "fragmentation-needed"},
    {Icmp(3, 5), "source-route-failed"},
    {Icmp(3, 6), "network-unknown"},
    {Icmp(3, 7), "host-unknown"},
    {Icmp(3, 9), "network-prohibited"},
    {Icmp(3, 10), "host-prohibited"},
    {Icmp(3, 11), "TOS-network-unreachable"},
    {Icmp(3, 12), "TOS-host-unreachable"},
    {Icmp(3, 13), "communication-prohibited"},
    {Icmp(3, 14), "host-precedence-violation"},
    {Icmp(3, 15), "precedence-cutoff"},
    {Icmp(4, 0), "source-quench"},
    {Icmp(5, 0), "network-redirect"},
    {Icmp(5, 1), "host-redirect"},
    {Icmp(5, 2), "TOS-network-redirect"},
    {Icmp(5, 3), "TOS-host-redirect"},
    {Icmp(8, 0), "echo-request"},
    {Icmp(8, 0), "ping"},
    {Icmp(9, 0), "router-advertisement"},
    {Icmp(10, 0), "router-solicitation"},
    {Icmp(11, 0), "ttl-zero-during-transit"},
    {Icmp(11, 1), "ttl-zero-during-reassembly"},
    {Icmp(12, 0), "ip-header-bad"},
    {Icmp(12, 1), "required-option-missing"},
    {Icmp(13, 0), "timestamp-request"},
    {Icmp(14, 0), "timestamp-reply"},
    {Icmp(17, 0), "address-mask-request"},
    {Icmp(18, 0), "address-mask-reply"},
};

constexpr Name kIcmpv6Names[] = {
    {Icmp(1, 0), "no-route"},
    {Icmp(1, 1), "communication-prohibited"},
    {Icmp(1, 3), "address-unreachable"},
    {Icmp(1, 4), "port-unreachable"},
    {Icmp(2, 0), "packet-too-big"},
    {Icmp(3, 0), "ttl-zero-during-transit"},
    {Icmp(3, 1), "ttl-zero-during-reassembly"},
    {Icmp(4, 0), "bad-header"},
    {Icmp(4, 1), "unknown-header-type"},
    {Icmp(4, 2), "unknown-option"},
    {Icmp(128, 0), "echo-request"},
    {Icmp(128, 0), "ping"},
    {Icmp(129, 0), "echo-reply"},
    {Icmp(129, 0), "pong"},
    {Icmp(133, 0), "router-solicitation"},
    {Icmp(134, 0), "router-advertisement"},
    {Icmp(135, 0), "neighbour-solicitation"},
    {Icmp(136, 0), "neighbour-advertisement"},
    {Icmp(137, 0), "redirect"},
};

std::string_view NameOf(std::span<const Name> names, uint16_t number) {
  const auto found =
      std::find_if(names.begin(), names.end(), [=](const Name& name) { return name.number == number; });
  return found == names.end() ? std::string_view{} : found->name;
}

std::optional<uint16_t> NumberOf(std::span<const Name> names, std::string_view text) {
  const auto found =
      std::find_if(names.begin(), names.end(), [=](const Name& name) { return name.name == text; });
  if (found == names.end()) return {};
  return found->number;
}

std::span<const Name> IcmpTable(uint8_t protocol) {
  if (protocol == IPPROTO_ICMPV6) return kIcmpv6Names;
  return kIcmpNames;
}

}  // namespace

std::string_view ProtocolName(uint8_t protocol) {
  return NameOfProtocol(protocol);
}

std::optional<uint8_t> ScanProtocol(std::string_view text) {
  if (text == "tcp") return IPPROTO_TCP;
  if (text == "udp") return IPPROTO_UDP;
  if (const auto number = ScanNumber(text, 255)) return static_cast<uint8_t>(*number);
  return ProtocolNamed(text);
}

bool HasPorts(uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
         protocol == IPPROTO_UDPLITE;
}

bool IsIcmp(uint8_t protocol) {
  return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

std::string_view IcmpName(uint8_t protocol, uint16_t type_and_code) {
  return NameOf(IcmpTable(protocol), type_and_code);
}

std::optional<uint16_t> ScanIcmp(uint8_t protocol, std::string_view text) {
  const Halves halves = SplitAt(text, '/');
  if (!halves.found) return NumberOf(IcmpTable(protocol), text);
  const auto type = ScanNumber(halves.first, 255);
  const auto code = ScanNumber(halves.second, 255);
  if (!type || !code) return {};
  return Icmp(static_cast<unsigned>(*type), static_cast<unsigned>(*code));
}

std::optional<uint16_t> ServicePort(const std::string& name, uint8_t protocol) {
  servent service;
  servent* found = nullptr;
  std::array<char, 1024> buffer;
  const std::string protocol_name(ProtocolName(protocol));
  if (getservbyname_r(name.c_str(), protocol_name.c_str(), &service, buffer.data(), buffer.size(), &found) !=
          0 ||
      found == nullptr) {
    return {};
  }
  return ntohs(static_cast<uint16_t>(found->s_port));
}

}  // namespace director::ipset
