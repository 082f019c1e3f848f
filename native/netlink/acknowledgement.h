#pragma once

#include <string>

#include "netlink/message.h"

namespace director::netlink {

// What an NLMSG_ERROR (or NLMSG_DONE) message says. `number` is positive, 0 for a plain acknowledgement.
struct Acknowledgement {
  int number = 0;
  // The request's header as the kernel echoes it.
  uint32_t request_sequence = 0;
  uint16_t request_type = 0;
  // The echoed request behind its header: whole only where the kernel does not cap it (NETLINK_CAP_ACK).
  Bytes request;
  // NLMSGERR_ATTR_MSG, empty where there is none.
  std::string text;
};

// False when the message is too short to be one.
bool ParseAcknowledgement(const Message& message, Acknowledgement& out);

}  // namespace director::netlink
