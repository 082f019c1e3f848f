// SPDX-License-Identifier: GPL-2.0-only
#include "hazard.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "name_databases.h"
#include "numeric.h"
#include "places.h"

extern "C" {
#include <libipset/nfproto.h>
#include <libipset/parse.h>
}

namespace director::libipset {
namespace {

// As libipset will find it. Only a caller that lets libipset look names up gets as far as a lookup here.
std::optional<uint8_t> AnyProtocolNumber(const std::string& name) {
  if (const auto number = ProtocolNumber(name)) return number;
  struct protoent entry;
  struct protoent* found = nullptr;
  std::array<char, 4096> buffer;
  if (getprotobyname_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0) return std::nullopt;
  if (found == nullptr) return std::nullopt;
  return static_cast<uint8_t>(found->p_proto);
}

bool IsWrongIcmp(uint8_t protocol, uint8_t family) {
  return (protocol == IPPROTO_ICMP && family != NFPROTO_IPV4) ||
         (protocol == IPPROTO_ICMPV6 && family != NFPROTO_IPV6);
}

}  // namespace

std::optional<Refusal> FindHazard(Session& session, const Words& words, const Command& command,
                                  bool numbered) {
  const auto has_colon = [](const std::string& word) { return word.find(':') != word.npos; };
  if (std::none_of(words.begin(), words.end(), has_colon)) return std::nullopt;
  const Places places = PlacesOf(session, words, command);
  for (const Place& place : places.list) {
    if (place.meaning != IPSET_OPT_PORT || !place.may_name_protocol()) continue;
    if (!numbered && place.parse != ipset_parse_tcp_udp_port) continue;
    const std::string piece = words[place.word].substr(place.begin, place.size);
    const size_t colon = Separator(piece, ':');
    if (colon == piece.npos) continue;
    const auto protocol = AnyProtocolNumber(piece.substr(0, colon));
    if (protocol && IsWrongIcmp(*protocol, places.family)) {
      return Refusal{piece, "a protocol that the set's family has"};
    }
  }
  return std::nullopt;
}

}  // namespace director::libipset
