#pragma once

#include "conntrack/records.h"
#include "netlink/writer.h"

namespace director::conntrack {

// Starts a ctnetlink message: nlmsghdr and nfgenmsg.
void BeginFlowMessage(netlink::MessageWriter& writer, uint16_t type, uint8_t family, uint16_t flags,
                      uint32_t sequence);

// The attributes of one operation on a flow, as far as `row.flow.present` has them.
void PutWrite(netlink::MessageWriter& writer, const WriteRow& row);

// What finds one flow: its tuple and zones; and its id where the row has one, so that a namesake created
// since is left alone.
void PutIdentity(netlink::MessageWriter& writer, const FlowRow& flow);

// A CTA_TUPLE_* nest with only the given TupleField parts.
void PutTuple(netlink::MessageWriter& writer, uint16_t type, const Tuple& tuple, uint32_t fields,
              bool zoned = false);

// All parts of a tuple of that protocol.
uint32_t FieldsOf(const Tuple& tuple);

}  // namespace director::conntrack
