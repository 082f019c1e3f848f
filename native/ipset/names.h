#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace director::ipset {

// Names that stand for numbers in entries. Protocols and ICMP types come from tables in this code, so that
// the same text means the same on every machine; only ServicePort() looks into the machine's own list.

// An empty name where there is none: ipset then writes the number.
std::string_view ProtocolName(uint8_t protocol);
std::optional<uint8_t> ScanProtocol(std::string_view text);
// Whether the kernel keeps a port with it: TCP, UDP, SCTP, UDP-Lite.
bool HasPorts(uint8_t protocol);
// IPPROTO_ICMP or IPPROTO_ICMPV6: the "port" is type << 8 | code.
bool IsIcmp(uint8_t protocol);

std::string_view IcmpName(uint8_t protocol, uint16_t type_and_code);
// "type/code" or a name.
std::optional<uint16_t> ScanIcmp(uint8_t protocol, std::string_view text);

// getservbyname(3): reads /etc/services, blocks on the disk. Only for callers that asked for names.
std::optional<uint16_t> ServicePort(const std::string& name, uint8_t protocol);

}  // namespace director::ipset
