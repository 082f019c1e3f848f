#pragma once

#include <linux/genetlink.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "netlink/socket.h"
#include "netlink/writer.h"

namespace director::netlink {

// The number that the kernel gave a generic netlink family in this boot (CTRL_CMD_GETFAMILY). Asking makes
// the kernel load the module where it can. Empty when the kernel has no such family.
std::optional<uint16_t> ResolveFamily(Socket& socket, std::string_view name);

// Starts a generic netlink message: nlmsghdr and genlmsghdr.
void BeginGeneric(MessageWriter& writer, uint16_t family, uint8_t command, uint8_t version, uint16_t flags,
                  uint32_t sequence);

}  // namespace director::netlink
