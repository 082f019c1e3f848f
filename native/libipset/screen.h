// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>
#include <string>

#include "command.h"
#include "name_databases.h"
#include "places.h"
#include "refusal.h"
#include "session.h"
#include "words.h"

namespace director::libipset {

// What a command line may make libipset do.
struct Permissions {
  bool host_names = false;     // resolve host names: blocks for as long as the resolver does
  bool service_names = false;  // take port names from /etc/services
  bool files = false;          // open the file behind "-file"
};

// Sees to it that libipset has nothing to look up. It resolves whatever does not look like a number where it
// expects an address, a port or a protocol; so every such place is checked before, and names of protocols and
// services become numbers. Where those places are is libipset's own knowledge of its set types.
class Screen {
 public:
  Screen(Session& session, Permissions permissions) : session_(session), permissions_(permissions) {}

  // Rewrites `words` where it knows better; a refusal means that they must not be carried out.
  std::optional<Refusal> Check(Words& words, const Command& command);

 private:
  std::optional<Refusal> CheckOptions(const Words& words, const Command& command) const;
  std::optional<Refusal> CheckPiece(std::string& piece, const Place& place);
  std::optional<Refusal> CheckPort(std::string& piece, const Place& place);
  bool PortNumbers(std::string& ports, uint8_t protocol, bool may_be_range);

  Session& session_;
  const Permissions permissions_;
  ServiceDatabase services_;
};

}  // namespace director::libipset
