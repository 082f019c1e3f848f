#include "conntrack/decode.h"

#include <sys/socket.h>

#include "conntrack/decode_nests.h"
#include "conntrack/wire.h"

namespace director::conntrack {
namespace {

using netlink::AfterHeader;
using netlink::Attribute;
using netlink::AttributeReader;
using netlink::Message;

bool Mark(FlowRow& row, uint32_t present, bool good) {
  row.present |= present;
  return good;
}

bool ReadTupleOf(const Attribute& attribute, uint8_t family, Tuple& tuple, FlowRow& row, uint32_t zone_bit) {
  bool zoned = false;
  const bool good = ReadTuple(attribute.payload, family, tuple, zoned);
  return Mark(row, zoned ? zone_bit : 0, good);
}

// The attributes that most messages have.
bool ReadCommon(const Attribute& attribute, uint8_t family, FlowRow& row) {
  switch (attribute.type) {
    case CTA_TUPLE_ORIG:
      return ReadTupleOf(attribute, family, row.original, row, kHasOriginalZone);
    case CTA_TUPLE_REPLY:
      return ReadTupleOf(attribute, family, row.reply, row, kHasReplyZone);
    case CTA_STATUS:
      return Mark(row, kHasStatus, attribute.ReadBe32(row.status));
    case CTA_TIMEOUT:
      return Mark(row, kHasTimeout, attribute.ReadBe32(row.timeout_seconds));
    case CTA_MARK:
      return Mark(row, kHasMark, attribute.ReadBe32(row.mark));
    case CTA_ID:
      return Mark(row, kHasId, attribute.ReadBe32(row.id));
    case CTA_USE:
      return Mark(row, kHasUse, attribute.ReadBe32(row.use));
    case CTA_ZONE:
      return Mark(row, kHasZone, attribute.ReadBe16(row.zone));
    case CTA_PROTOINFO:
      return ReadProtocolState(attribute.payload, row);
    case CTA_COUNTERS_ORIG:
      return Mark(row, kHasOriginalCounters, ReadCounters(attribute.payload, row.original_counters));
    case CTA_COUNTERS_REPLY:
      return Mark(row, kHasReplyCounters, ReadCounters(attribute.payload, row.reply_counters));
    case CTA_TIMESTAMP:
      return ReadTimestamps(attribute.payload, row);
    default:
      return ReadRare(attribute, family, row);
  }
}

bool ReadExpectationAttribute(const Attribute& attribute, uint8_t family, ExpectationRow& row) {
  bool zoned;
  switch (attribute.type) {
    case CTA_EXPECT_MASTER:
      return ReadTuple(attribute.payload, family, row.master, zoned);
    case CTA_EXPECT_TUPLE:
      return ReadTuple(attribute.payload, family, row.tuple, zoned);
    case CTA_EXPECT_MASK:
      return ReadTuple(attribute.payload, family, row.mask, zoned);
    case CTA_EXPECT_TIMEOUT:
      return attribute.ReadBe32(row.timeout_seconds);
    case CTA_EXPECT_ID:
      return attribute.ReadBe32(row.id);
    case CTA_EXPECT_HELP_NAME:
      CopyText(attribute.Text(), row.helper);
      return true;
    case CTA_EXPECT_ZONE:
      return attribute.ReadBe16(row.zone);
    case CTA_EXPECT_FLAGS:
      return attribute.ReadBe32(row.flags);
    case CTA_EXPECT_CLASS:
      return attribute.ReadBe32(row.expectation_class);
    case CTA_EXPECT_NAT:
      return ReadExpectationNat(attribute.payload, family, row);
    case CTA_EXPECT_FN:
      CopyText(attribute.Text(), row.function);
      return true;
    default:
      return true;
  }
}

uint8_t FamilyOf(const Message& message) {
  return message.payload.empty() ? 0 : message.payload.front();
}

}  // namespace

EventKind EventOf(const Message& message) {
  const uint8_t subsystem = SubsystemOf(message.type);
  if (subsystem != NFNL_SUBSYS_CTNETLINK && subsystem != NFNL_SUBSYS_CTNETLINK_EXP) return EventKind::kNone;
  // Both subsystems number NEW 0 and DELETE 2.
  static_assert(static_cast<int>(IPCTNL_MSG_CT_NEW) == static_cast<int>(IPCTNL_MSG_EXP_NEW) &&
                static_cast<int>(IPCTNL_MSG_CT_DELETE) == static_cast<int>(IPCTNL_MSG_EXP_DELETE));
  switch (CommandOf(message.type)) {
    case IPCTNL_MSG_CT_NEW:
      return (message.flags & (NLM_F_CREATE | NLM_F_EXCL)) != 0 ? EventKind::kNew : EventKind::kUpdate;
    case IPCTNL_MSG_CT_DELETE:
      return EventKind::kDestroy;
    default:
      return EventKind::kNone;
  }
}

bool ReadFlow(const Message& message, FlowRow& row) {
  const uint8_t family = FamilyOf(message);
  row.nsid = -1;
  row.caused_by = message.port;
  AttributeReader reader(AfterHeader(message.payload, sizeof(nfgenmsg)));
  for (Attribute attribute; reader.Next(attribute);) {
    if (!ReadCommon(attribute, family, row)) return false;
  }
  return !reader.malformed() && row.original.family != 0;
}

bool ReadExpectation(const Message& message, ExpectationRow& row) {
  const uint8_t family = FamilyOf(message);
  row.nsid = -1;
  row.caused_by = message.port;
  AttributeReader reader(AfterHeader(message.payload, sizeof(nfgenmsg)));
  for (Attribute attribute; reader.Next(attribute);) {
    if (!ReadExpectationAttribute(attribute, family, row)) return false;
  }
  return !reader.malformed() && row.tuple.family != 0;
}

bool ReadTableStats(const Message& message, TableStats& stats) {
  AttributeReader reader(AfterHeader(message.payload, sizeof(nfgenmsg)));
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    if (attribute.type == CTA_STATS_GLOBAL_ENTRIES) good = attribute.ReadBe32(stats.entries);
    if (attribute.type == CTA_STATS_GLOBAL_MAX_ENTRIES) good = attribute.ReadBe32(stats.max_entries);
    if (!good) return false;
  }
  return !reader.malformed();
}

bool ReadCpuStats(const Message& message, CpuStatsRow& row) {
  // The kernel answers for the expectations in the name of the flows (ctnetlink_exp_stat_fill_info): only the
  // command tells.
  const bool of_expectations = SubsystemOf(message.type) == NFNL_SUBSYS_CTNETLINK_EXP ||
                               CommandOf(message.type) == IPCTNL_MSG_EXP_GET_STATS_CPU;
  static_assert(static_cast<int>(IPCTNL_MSG_EXP_GET_STATS_CPU) !=
                static_cast<int>(IPCTNL_MSG_CT_GET_STATS_CPU));
  if (message.payload.size() < sizeof(nfgenmsg)) return false;
  nfgenmsg header;
  std::memcpy(&header, message.payload.data(), sizeof header);
  row.cpu = be16toh(header.res_id);
  AttributeReader reader(AfterHeader(message.payload, sizeof header));
  if (of_expectations) return ReadExpectationCounts(reader, row);
  return ReadFlowCounts(reader, row);
}

}  // namespace director::conntrack
