#pragma once

#include "ipset/wire.h"
#include "netlink/writer.h"

namespace director::ipset {

// Starts a request: nlmsghdr, nfgenmsg, protocol version. `flags` go besides NLM_F_REQUEST.
void BeginRequest(netlink::MessageWriter& writer, uint8_t command, uint16_t flags, uint32_t sequence);

// The number of the element at which the kernel stopped, out of a list that it sends back (from the nfgenmsg
// on); 0 where it names none.
uint32_t RefusedLine(Bytes request);

}  // namespace director::ipset
