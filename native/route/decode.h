#pragma once

#include "netlink/message.h"
#include "route/records.h"

namespace director::route {

// Each reads the payload of one reply (from the ifinfomsg or ifaddrmsg on). False when what makes the row's
// identity is missing, or an attribute has a wrong length; unknown attributes are skipped.
bool ReadLink(Bytes payload, LinkRow& row);
// Leaves the link's name to the caller, who knows the index that `link_index` is set to.
bool ReadAddress(Bytes payload, AddressRow& row, uint32_t& link_index);

}  // namespace director::route
