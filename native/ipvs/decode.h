#pragma once

#include "ipvs/records.h"
#include "netlink/message.h"

namespace director::ipvs {

// Each reads the payload of one reply (from the genlmsghdr on). False when an attribute that makes the row's
// identity is missing or has a wrong length; unknown attributes are skipped.
bool ReadService(Bytes payload, ServiceRow& row);
// `service_family` is what servers have on kernels before 3.18, which do not name their family.
bool ReadServer(Bytes payload, uint8_t service_family, ServerRow& row);
bool ReadDaemon(Bytes payload, Daemon& daemon);
bool ReadTimeouts(Bytes payload, Timeouts& timeouts);
bool ReadInfo(Bytes payload, Info& info);

}  // namespace director::ipvs
