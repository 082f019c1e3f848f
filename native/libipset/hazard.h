// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <optional>

#include "command.h"
#include "refusal.h"
#include "session.h"
#include "words.h"

namespace director::libipset {

// A command that libipset 7.17 does not survive, in whatever way it came about. It reports an error about an
// ICMP protocol in a set of the other family but goes on: for a port of TCP or UDP, as in bitmap:port, it
// then reads a protocol that is not there; and where lines are numbered, it compares the name of the set,
// gone too, with that of the line before.
std::optional<Refusal> FindHazard(Session& session, const Words& words, const Command& command,
                                  bool numbered);

}  // namespace director::libipset
