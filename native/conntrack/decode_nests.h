#pragma once

#include "conntrack/records.h"
#include "netlink/message.h"

// The nests inside a flow's or an expectation's message; see decode.h.
namespace director::conntrack {

bool ReadProtocolState(Bytes nest, FlowRow& row);
bool ReadCounters(Bytes nest, Counters& counters);
bool ReadTimestamps(Bytes nest, FlowRow& row);
// Labels, helper, master, security, sequence adjustment, synproxy; true for an unknown attribute.
bool ReadRare(const netlink::Attribute& attribute, uint8_t family, FlowRow& row);
bool ReadExpectationNat(Bytes nest, uint8_t family, ExpectationRow& row);
bool ReadFlowCounts(netlink::AttributeReader& reader, CpuStatsRow& row);
bool ReadExpectationCounts(netlink::AttributeReader& reader, CpuStatsRow& row);

}  // namespace director::conntrack
