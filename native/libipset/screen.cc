// SPDX-License-Identifier: GPL-2.0-only
#include "screen.h"

#include <netinet/in.h>

#include "numeric.h"

namespace director::libipset {
namespace {

// The name under which /etc/services lists a protocol that has ports.
const char* ServiceProtocol(uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_SCTP:
      return "sctp";
    case IPPROTO_UDPLITE:
      return "udplite";
    default:
      return nullptr;
  }
}

}  // namespace

std::optional<Refusal> Screen::Check(Words& words, const Command& command) {
  if (auto refusal = CheckOptions(words, command)) return refusal;
  const Places places = PlacesOf(session_, words, command);
  // libipset will refuse the set. Should it exist by then, no type takes this for an entry or a name.
  if (!places.known) words[command.rest[2]] = std::string(1, '[');
  // From the last, since a piece may change its length.
  for (auto place = places.list.rbegin(); place != places.list.rend(); ++place) {
    std::string& word = words[place->word];
    std::string piece = word.substr(place->begin, place->size);
    if (auto refusal = CheckPiece(piece, *place)) return refusal;
    word.replace(place->begin, place->size, piece);
  }
  return std::nullopt;
}

std::optional<Refusal> Screen::CheckOptions(const Words& words, const Command& command) const {
  for (const FoundOption& found : command.options) {
    if (found.option == &kResolveOption && !permissions_.host_names) {
      return Refusal{kResolveOption.name[1], "no -resolve, which looks names up"};
    }
    if (found.option == &kFileOption && !permissions_.files) {
      return Refusal{words[found.argument], "no -file, which opens files, in this place"};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> Screen::CheckPiece(std::string& piece, const Place& place) {
  switch (place.meaning) {
    case IPSET_OPT_IP:
    case IPSET_OPT_IP_TO:
    case IPSET_OPT_IP2:
    case IPSET_OPT_IP2_TO:
    case IPSET_OPT_BITMASK:
      if (permissions_.host_names || IsNumericAddressRange(piece)) return std::nullopt;
      return Refusal{piece, "a numeric address, range or network (host names are not looked up)"};
    case IPSET_OPT_PORT:
    case IPSET_OPT_PORT_TO:
      return CheckPort(piece, place);
    default:
      return std::nullopt;
  }
}

// [PROTOCOL:]PORT[-PORT], and for ICMP the types that libipset knows by heart.
std::optional<Refusal> Screen::CheckPort(std::string& piece, const Place& place) {
  const size_t colon = place.may_name_protocol() ? Separator(piece, ':') : piece.npos;
  std::string ports = piece.substr(colon == piece.npos ? 0 : colon + 1);
  const std::string name = colon == piece.npos ? "tcp" : piece.substr(0, colon);
  const auto protocol = ProtocolNumber(name);
  if (!protocol) {
    return Refusal{name, "a protocol's number, or its name in /etc/protocols (which is not read)"};
  }
  if (ServiceProtocol(*protocol) != nullptr && !PortNumbers(ports, *protocol, place.may_be_range())) {
    return Refusal{piece, permissions_.service_names
                              ? "a port from 0 to 65535, a range, or a name in /etc/services"
                              : "a port from 0 to 65535 or a range (service names are not looked up)"};
  }
  piece = colon == piece.npos ? ports : std::to_string(*protocol) + ':' + ports;
  return std::nullopt;
}

bool Screen::PortNumbers(std::string& ports, uint8_t protocol, bool may_be_range) {
  auto range = Range(ports);
  if (!range || (!range->second.empty() && !may_be_range)) return false;
  const auto resolve = [&](std::string& port) {
    if (Number(port, UINT16_MAX)) return true;
    if (!permissions_.service_names) return false;
    const auto found = services_.Port(port, ServiceProtocol(protocol));
    if (found) port = std::to_string(*found);
    return found.has_value();
  };
  if (!resolve(range->first) || (!range->second.empty() && !resolve(range->second))) return false;
  ports = range->second.empty() ? range->first : range->first + '-' + range->second;
  return true;
}

}  // namespace director::libipset
