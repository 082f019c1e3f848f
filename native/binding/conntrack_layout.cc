#include <cstddef>
#include <string>
#include <utility>

#include "binding/conntrack_binding.h"
#include "binding/layout.h"
#include "conntrack/chunk.h"
#include "conntrack/filter_rules.h"
#include "conntrack/records.h"
#include "conntrack/wire.h"

namespace director::binding {
namespace {

using namespace director::conntrack;

// A record within a record: its fields have a layout of their own.
#define NESTED_FIELD(builder, Record, name, member) \
  (builder).Add(name, offsetof(Record, member), sizeof(std::declval<Record&>().member), "bytes")

Napi::Object TupleLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(Tuple));
  DIRECTOR_FIELD(builder, Tuple, "source", source);
  DIRECTOR_FIELD(builder, Tuple, "destination", destination);
  DIRECTOR_FIELD(builder, Tuple, "sourcePort", source_port);
  DIRECTOR_FIELD(builder, Tuple, "destinationPort", destination_port);
  DIRECTOR_FIELD(builder, Tuple, "icmpId", icmp_id);
  DIRECTOR_FIELD(builder, Tuple, "icmpType", icmp_type);
  DIRECTOR_FIELD(builder, Tuple, "icmpCode", icmp_code);
  DIRECTOR_FIELD(builder, Tuple, "family", family);
  DIRECTOR_FIELD(builder, Tuple, "protocol", protocol);
  DIRECTOR_FIELD(builder, Tuple, "zone", zone);
  return builder.layout();
}

void AddProtocolState(LayoutBuilder& builder) {
  DIRECTOR_FIELD(builder, FlowRow, "tcpState", tcp_state);
  DIRECTOR_FIELD(builder, FlowRow, "tcpWindowScaleOriginal", tcp_window_scale_original);
  DIRECTOR_FIELD(builder, FlowRow, "tcpWindowScaleReply", tcp_window_scale_reply);
  DIRECTOR_FIELD(builder, FlowRow, "tcpFlagsOriginal", tcp_flags_original);
  DIRECTOR_FIELD(builder, FlowRow, "tcpFlagsMaskOriginal", tcp_flags_mask_original);
  DIRECTOR_FIELD(builder, FlowRow, "tcpFlagsReply", tcp_flags_reply);
  DIRECTOR_FIELD(builder, FlowRow, "tcpFlagsMaskReply", tcp_flags_mask_reply);
  DIRECTOR_FIELD(builder, FlowRow, "dccpState", dccp_state);
  DIRECTOR_FIELD(builder, FlowRow, "dccpRole", dccp_role);
  DIRECTOR_FIELD(builder, FlowRow, "dccpHandshakeSequence", dccp_handshake_sequence);
  DIRECTOR_FIELD(builder, FlowRow, "sctpState", sctp_state);
  DIRECTOR_FIELD(builder, FlowRow, "sctpTagOriginal", sctp_tag_original);
  DIRECTOR_FIELD(builder, FlowRow, "sctpTagReply", sctp_tag_reply);
}

void AddRareFields(LayoutBuilder& builder) {
  DIRECTOR_FIELD(builder, FlowRow, "securityMark", security_mark);
  DIRECTOR_FIELD(builder, FlowRow, "securityContext", security_context);
  DIRECTOR_FIELD(builder, FlowRow, "labelsSize", labels_size);
  DIRECTOR_FIELD(builder, FlowRow, "labels", labels);
  DIRECTOR_FIELD(builder, FlowRow, "labelsMask", labels_mask);
  DIRECTOR_FIELD(builder, FlowRow, "helper", helper);
  DIRECTOR_FIELD(builder, FlowRow, "originalAdjustPosition", original_adjustment.correction_position);
  DIRECTOR_FIELD(builder, FlowRow, "originalOffsetBefore", original_adjustment.offset_before);
  DIRECTOR_FIELD(builder, FlowRow, "originalOffsetAfter", original_adjustment.offset_after);
  DIRECTOR_FIELD(builder, FlowRow, "replyAdjustPosition", reply_adjustment.correction_position);
  DIRECTOR_FIELD(builder, FlowRow, "replyOffsetBefore", reply_adjustment.offset_before);
  DIRECTOR_FIELD(builder, FlowRow, "replyOffsetAfter", reply_adjustment.offset_after);
  DIRECTOR_FIELD(builder, FlowRow, "synproxyInitialSequence", synproxy_initial_sequence);
  DIRECTOR_FIELD(builder, FlowRow, "synproxyInitialTimestamp", synproxy_initial_timestamp);
  DIRECTOR_FIELD(builder, FlowRow, "synproxyTimestampOffset", synproxy_timestamp_offset);
}

Napi::Object FlowLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(FlowRow));
  DIRECTOR_FIELD(builder, FlowRow, "kind", kind);
  DIRECTOR_FIELD(builder, FlowRow, "synthetic", synthetic);
  DIRECTOR_FIELD(builder, FlowRow, "zone", zone);
  DIRECTOR_FIELD(builder, FlowRow, "present", present);
  DIRECTOR_FIELD(builder, FlowRow, "status", status);
  DIRECTOR_FIELD(builder, FlowRow, "timeoutSeconds", timeout_seconds);
  DIRECTOR_FIELD(builder, FlowRow, "mark", mark);
  DIRECTOR_FIELD(builder, FlowRow, "markMask", mark_mask);
  DIRECTOR_FIELD(builder, FlowRow, "use", use);
  DIRECTOR_FIELD(builder, FlowRow, "id", id);
  DIRECTOR_FIELD(builder, FlowRow, "nsid", nsid);
  DIRECTOR_FIELD(builder, FlowRow, "causedBy", caused_by);
  DIRECTOR_FIELD(builder, FlowRow, "originalPackets", original_counters.packets);
  DIRECTOR_FIELD(builder, FlowRow, "originalBytes", original_counters.bytes);
  DIRECTOR_FIELD(builder, FlowRow, "replyPackets", reply_counters.packets);
  DIRECTOR_FIELD(builder, FlowRow, "replyBytes", reply_counters.bytes);
  DIRECTOR_FIELD(builder, FlowRow, "startNs", start_ns);
  DIRECTOR_FIELD(builder, FlowRow, "stopNs", stop_ns);
  DIRECTOR_FIELD(builder, FlowRow, "eventNs", event_ns);
  NESTED_FIELD(builder, FlowRow, "original", original);
  NESTED_FIELD(builder, FlowRow, "reply", reply);
  NESTED_FIELD(builder, FlowRow, "master", master);
  AddProtocolState(builder);
  AddRareFields(builder);
  return builder.layout();
}

Napi::Object ExpectationLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(ExpectationRow));
  DIRECTOR_FIELD(builder, ExpectationRow, "kind", kind);
  DIRECTOR_FIELD(builder, ExpectationRow, "natDirection", nat_direction);
  DIRECTOR_FIELD(builder, ExpectationRow, "zone", zone);
  DIRECTOR_FIELD(builder, ExpectationRow, "timeoutSeconds", timeout_seconds);
  DIRECTOR_FIELD(builder, ExpectationRow, "id", id);
  DIRECTOR_FIELD(builder, ExpectationRow, "flags", flags);
  DIRECTOR_FIELD(builder, ExpectationRow, "class", expectation_class);
  DIRECTOR_FIELD(builder, ExpectationRow, "nsid", nsid);
  DIRECTOR_FIELD(builder, ExpectationRow, "causedBy", caused_by);
  NESTED_FIELD(builder, ExpectationRow, "tuple", tuple);
  NESTED_FIELD(builder, ExpectationRow, "mask", mask);
  NESTED_FIELD(builder, ExpectationRow, "master", master);
  NESTED_FIELD(builder, ExpectationRow, "nat", nat);
  DIRECTOR_FIELD(builder, ExpectationRow, "helper", helper);
  DIRECTOR_FIELD(builder, ExpectationRow, "function", function);
  return builder.layout();
}

Napi::Object WriteLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(WriteRow));
  DIRECTOR_FIELD(builder, WriteRow, "kind", kind);
  NESTED_FIELD(builder, WriteRow, "flow", flow);
  DIRECTOR_FIELD(builder, WriteRow, "sourceNatAddress", source_nat.address);
  DIRECTOR_FIELD(builder, WriteRow, "sourceNatPort", source_nat.port);
  DIRECTOR_FIELD(builder, WriteRow, "sourceNatUsed", source_nat.used);
  DIRECTOR_FIELD(builder, WriteRow, "destinationNatAddress", destination_nat.address);
  DIRECTOR_FIELD(builder, WriteRow, "destinationNatPort", destination_nat.port);
  DIRECTOR_FIELD(builder, WriteRow, "destinationNatUsed", destination_nat.used);
  return builder.layout();
}

Napi::Object FlowFilterLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(FlowFilter));
  DIRECTOR_FIELD(builder, FlowFilter, "family", family);
  DIRECTOR_FIELD(builder, FlowFilter, "protocol", protocol);
  DIRECTOR_FIELD(builder, FlowFilter, "zone", zone);
  DIRECTOR_FIELD(builder, FlowFilter, "used", used);
  DIRECTOR_FIELD(builder, FlowFilter, "mark", mark);
  DIRECTOR_FIELD(builder, FlowFilter, "markMask", mark_mask);
  DIRECTOR_FIELD(builder, FlowFilter, "status", status);
  DIRECTOR_FIELD(builder, FlowFilter, "statusMask", status_mask);
  NESTED_FIELD(builder, FlowFilter, "original", original);
  NESTED_FIELD(builder, FlowFilter, "reply", reply);
  return builder.layout();
}

Napi::Object DirectionFilterLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(DirectionFilter));
  DIRECTOR_FIELD(builder, DirectionFilter, "source", source);
  DIRECTOR_FIELD(builder, DirectionFilter, "destination", destination);
  DIRECTOR_FIELD(builder, DirectionFilter, "sourcePort", source_port);
  DIRECTOR_FIELD(builder, DirectionFilter, "destinationPort", destination_port);
  DIRECTOR_FIELD(builder, DirectionFilter, "sourcePrefix", source_prefix);
  DIRECTOR_FIELD(builder, DirectionFilter, "destinationPrefix", destination_prefix);
  DIRECTOR_FIELD(builder, DirectionFilter, "used", used);
  return builder.layout();
}

Napi::Object FilterRowLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(FilterRow));
  DIRECTOR_FIELD(builder, FilterRow, "role", role);
  DIRECTOR_FIELD(builder, FilterRow, "family", family);
  DIRECTOR_FIELD(builder, FilterRow, "protocol", protocol);
  DIRECTOR_FIELD(builder, FilterRow, "prefixLength", prefix_length);
  DIRECTOR_FIELD(builder, FilterRow, "port", port);
  DIRECTOR_FIELD(builder, FilterRow, "address", address);
  DIRECTOR_FIELD(builder, FilterRow, "value", value);
  DIRECTOR_FIELD(builder, FilterRow, "mask", mask);
  return builder.layout();
}

Napi::Object CpuStatsLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(CpuStatsRow));
  DIRECTOR_FIELD(builder, CpuStatsRow, "cpu", cpu);
  DIRECTOR_FIELD(builder, CpuStatsRow, "found", found);
  DIRECTOR_FIELD(builder, CpuStatsRow, "invalid", invalid);
  DIRECTOR_FIELD(builder, CpuStatsRow, "insert", insert);
  DIRECTOR_FIELD(builder, CpuStatsRow, "insertFailed", insert_failed);
  DIRECTOR_FIELD(builder, CpuStatsRow, "drop", drop);
  DIRECTOR_FIELD(builder, CpuStatsRow, "earlyDrop", early_drop);
  DIRECTOR_FIELD(builder, CpuStatsRow, "error", error);
  DIRECTOR_FIELD(builder, CpuStatsRow, "searchRestart", search_restart);
  DIRECTOR_FIELD(builder, CpuStatsRow, "clashResolve", clash_resolve);
  DIRECTOR_FIELD(builder, CpuStatsRow, "chainTooLong", chain_too_long);
  DIRECTOR_FIELD(builder, CpuStatsRow, "expectationsNew", expectations_new);
  DIRECTOR_FIELD(builder, CpuStatsRow, "expectationsCreated", expectations_created);
  DIRECTOR_FIELD(builder, CpuStatsRow, "expectationsDeleted", expectations_deleted);
  return builder.layout();
}

Napi::Object ConntrackConstants(Napi::Env env) {
  const std::pair<const char*, uint32_t> constants[] = {
      {"writeCreate", static_cast<uint32_t>(WriteKind::kCreate)},
      {"writeUpdate", static_cast<uint32_t>(WriteKind::kUpdate)},
      {"writeDelete", static_cast<uint32_t>(WriteKind::kDelete)},
      {"chunkFlows", static_cast<uint32_t>(ChunkKind::kFlows)},
      {"hasStatus", kHasStatus},
      {"hasTimeout", kHasTimeout},
      {"hasMark", kHasMark},
      {"hasMarkMask", kHasMarkMask},
      {"hasUse", kHasUse},
      {"hasId", kHasId},
      {"hasZone", kHasZone},
      {"hasOriginalZone", kHasOriginalZone},
      {"hasReplyZone", kHasReplyZone},
      {"hasOriginalCounters", kHasOriginalCounters},
      {"hasReplyCounters", kHasReplyCounters},
      {"hasStart", kHasStart},
      {"hasStop", kHasStop},
      {"hasEventTime", kHasEventTime},
      {"hasTcp", kHasTcp},
      {"hasDccp", kHasDccp},
      {"hasSctp", kHasSctp},
      {"hasLabels", kHasLabels},
      {"hasLabelsMask", kHasLabelsMask},
      {"hasHelper", kHasHelper},
      {"hasMaster", kHasMaster},
      {"hasSecurityContext", kHasSecurityContext},
      {"cutSecurityContext", kCutSecurityContext},
      {"hasSecurityMark", kHasSecurityMark},
      {"hasOriginalAdjustment", kHasOriginalAdjustment},
      {"hasReplyAdjustment", kHasReplyAdjustment},
      {"hasSynproxy", kHasSynproxy},
      {"byProtocol", kByProtocol},
      {"byMark", kByMark},
      {"byStatus", kByStatus},
      {"byZone", kByZone},
      {"fieldSource", kFieldSource},
      {"fieldDestination", kFieldDestination},
      {"fieldSourcePort", kFieldSourcePort},
      {"fieldDestinationPort", kFieldDestinationPort},
      {"filterNew", FILTER_NEW},
      {"filterUpdate", FILTER_UPDATE},
      {"filterDestroy", FILTER_DESTROY},
      {"filterByMark", FILTER_BY_MARK},
      {"filterByZone", FILTER_BY_ZONE},
      {"filterBySource", FILTER_BY_SOURCE},
      {"filterByService", FILTER_BY_SERVICE},
      {"roleService", FILTER_SERVICE},
      {"roleServer", FILTER_SERVER},
      {"roleZone", FILTER_ZONE},
      {"roleDestinationPrefix", FILTER_DESTINATION_PREFIX},
      {"roleSourcePrefix", FILTER_SOURCE_PREFIX},
      {"roleMark", kMarkRow},
      {"mostMarks", kMostMarks},
      {"groupNew", NFNLGRP_CONNTRACK_NEW},
      {"groupUpdate", NFNLGRP_CONNTRACK_UPDATE},
      {"groupDestroy", NFNLGRP_CONNTRACK_DESTROY},
      {"groupExpectationNew", NFNLGRP_CONNTRACK_EXP_NEW},
      {"groupExpectationUpdate", NFNLGRP_CONNTRACK_EXP_UPDATE},
      {"groupExpectationDestroy", NFNLGRP_CONNTRACK_EXP_DESTROY},
  };
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, value] : constants) object.Set(name, Napi::Number::New(env, value));
  return object;
}

}  // namespace

void ExportConntrackLayouts(Napi::Env env, Napi::Object exports) {
  exports.Set("tuple", TupleLayout(env));
  exports.Set("flowRow", FlowLayout(env));
  exports.Set("expectationRow", ExpectationLayout(env));
  exports.Set("writeRow", WriteLayout(env));
  exports.Set("flowFilter", FlowFilterLayout(env));
  exports.Set("directionFilter", DirectionFilterLayout(env));
  exports.Set("filterRow", FilterRowLayout(env));
  exports.Set("cpuStatsRow", CpuStatsLayout(env));
  exports.Set("constants", ConntrackConstants(env));
}

}  // namespace director::binding
