#pragma once

#include "conntrack/records.h"
#include "netlink/message.h"

namespace director::conntrack {

// Each fills a zeroed row from one message. False when an attribute has a wrong length or the flow's identity
// is missing; unknown attributes are skipped.
bool ReadFlow(const netlink::Message& message, FlowRow& row);
bool ReadExpectation(const netlink::Message& message, ExpectationRow& row);

// A CTA_TUPLE_* nest; `zoned` tells whether it names a zone of its own.
bool ReadTuple(Bytes nest, uint8_t family, Tuple& tuple, bool& zoned);

// What a message of the event groups reports; kNone for anything that is no event of flows or expectations.
EventKind EventOf(const netlink::Message& message);

// A reply to GET_STATS_CPU, or to the expectations' (into the same row).
bool ReadCpuStats(const netlink::Message& message, CpuStatsRow& row);
bool ReadTableStats(const netlink::Message& message, TableStats& stats);

}  // namespace director::conntrack
