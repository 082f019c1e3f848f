// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace director::libipset {

// A protocol by its number, or by a name that `ipset save` may print: by heart, no database is read.
std::optional<uint8_t> ProtocolNumber(const std::string& name);

// /etc/services, read by ourselves: the C library's functions may ask a directory server, and are not for
// threads.
class ServiceDatabase {
 public:
  // The port of a service name or alias over "tcp", "udp", …; nothing for an unknown one.
  std::optional<uint16_t> Port(const std::string& name, const std::string& protocol);

 private:
  void Load();

  bool loaded_ = false;
  std::map<std::string, uint16_t> ports_;  // "name/protocol"
};

}  // namespace director::libipset
