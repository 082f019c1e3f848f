// SPDX-License-Identifier: GPL-2.0-only
#include "name_databases.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

#include "numeric.h"

namespace director::libipset {

std::optional<uint8_t> ProtocolNumber(const std::string& name) {
  if (const auto number = Number(name, UINT8_MAX)) return static_cast<uint8_t>(*number);
  struct Protocol {
    const char* name;
    uint8_t number;
  };
  static constexpr std::array<Protocol, 7> kProtocols = {{{"icmp", 1},
                                                          {"tcp", 6},
                                                          {"udp", 17},
                                                          {"icmpv6", 58},
                                                          {"ipv6-icmp", 58},
                                                          {"sctp", 132},
                                                          {"udplite", 136}}};
  const auto found = std::find_if(kProtocols.begin(), kProtocols.end(), [&](const Protocol& protocol) {
    return strcasecmp(protocol.name, name.c_str()) == 0;
  });
  if (found == kProtocols.end()) return std::nullopt;
  return found->number;
}

std::optional<uint16_t> ServiceDatabase::Port(const std::string& name, const std::string& protocol) {
  if (!loaded_) Load();
  const auto found = ports_.find(name + '/' + protocol);
  if (found == ports_.end()) return std::nullopt;
  return found->second;
}

// A line is: name port/protocol alias… # comment. The first line that names a service counts.
void ServiceDatabase::Load() {
  loaded_ = true;
  std::ifstream file("/etc/services");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name, number;
    if (!(words >> name >> number)) continue;
    uint16_t port = 0;
    const char* end = number.data() + number.size();
    const auto [slash, error] = std::from_chars(number.data(), end, port);
    if (error != std::errc{} || slash == end || *slash != '/') continue;
    const std::string suffix(slash, end);
    do ports_.emplace(name + suffix, port);
    while (words >> name);
  }
}

}  // namespace director::libipset
