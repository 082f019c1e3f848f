// SPDX-License-Identifier: GPL-2.0-only
#include "name_databases.h"

#include <charconv>
#include <fstream>
#include <sstream>

#include "../util/protocols.h"
#include "numeric.h"

namespace director::libipset {

std::optional<uint8_t> ProtocolNumber(const std::string& name) {
  if (const auto number = Number(name, UINT8_MAX)) return static_cast<uint8_t>(*number);
  return ProtocolNamed(name);
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
