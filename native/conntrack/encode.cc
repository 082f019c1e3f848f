#include "conntrack/encode.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "conntrack/wire.h"

namespace director::conntrack {
namespace {

using netlink::MessageWriter;

size_t AddressSize(uint8_t family) {
  return family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr);
}

void PutAddresses(MessageWriter& writer, const Tuple& tuple, uint32_t fields) {
  const bool wide = tuple.family == AF_INET6;
  const size_t size = AddressSize(tuple.family);
  nlattr* nest = writer.OpenNest(CTA_TUPLE_IP);
  if (fields & kFieldSource) writer.Put(wide ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, Bytes(tuple.source, size));
  if (fields & kFieldDestination) {
    writer.Put(wide ? CTA_IP_V6_DST : CTA_IP_V4_DST, Bytes(tuple.destination, size));
  }
  writer.CloseNest(nest);
}

void PutProtocol(MessageWriter& writer, const Tuple& tuple, uint32_t fields) {
  nlattr* nest = writer.OpenNest(CTA_TUPLE_PROTO);
  writer.PutU8(CTA_PROTO_NUM, tuple.protocol);
  if (fields & kFieldSourcePort) writer.PutBe16(CTA_PROTO_SRC_PORT, tuple.source_port);
  if (fields & kFieldDestinationPort) writer.PutBe16(CTA_PROTO_DST_PORT, tuple.destination_port);
  if (fields & kFieldIcmpId) writer.PutBe16(CTA_PROTO_ICMP_ID, tuple.icmp_id);
  if (fields & kFieldIcmpType) writer.PutU8(CTA_PROTO_ICMP_TYPE, tuple.icmp_type);
  if (fields & kFieldIcmpCode) writer.PutU8(CTA_PROTO_ICMP_CODE, tuple.icmp_code);
  if (fields & kFieldIcmp6Id) writer.PutBe16(CTA_PROTO_ICMPV6_ID, tuple.icmp_id);
  if (fields & kFieldIcmp6Type) writer.PutU8(CTA_PROTO_ICMPV6_TYPE, tuple.icmp_type);
  if (fields & kFieldIcmp6Code) writer.PutU8(CTA_PROTO_ICMPV6_CODE, tuple.icmp_code);
  writer.CloseNest(nest);
}

void PutZone(MessageWriter& writer, const FlowRow& flow) {
  if (flow.present & kHasZone) writer.PutBe16(CTA_ZONE, flow.zone);
}

void PutNat(MessageWriter& writer, uint16_t type, uint8_t family, const NatRange& range) {
  const bool wide = family == AF_INET6;
  nlattr* nest = writer.OpenNest(type);
  writer.Put(wide ? CTA_NAT_V6_MINIP : CTA_NAT_V4_MINIP, Bytes(range.address, AddressSize(family)));
  if (range.port != 0) {
    nlattr* ports = writer.OpenNest(CTA_NAT_PROTO);
    writer.PutBe16(CTA_PROTONAT_PORT_MIN, range.port);
    writer.PutBe16(CTA_PROTONAT_PORT_MAX, range.port);
    writer.CloseNest(ports);
  }
  writer.CloseNest(nest);
}

void PutProtocolState(MessageWriter& writer, const FlowRow& flow) {
  if ((flow.present & (kHasTcp | kHasSctp)) == 0) return;
  nlattr* outer = writer.OpenNest(CTA_PROTOINFO);
  if (flow.present & kHasTcp) {
    nlattr* tcp = writer.OpenNest(CTA_PROTOINFO_TCP);
    writer.PutU8(CTA_PROTOINFO_TCP_STATE, flow.tcp_state);
    writer.PutU8(CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, flow.tcp_window_scale_original);
    writer.PutU8(CTA_PROTOINFO_TCP_WSCALE_REPLY, flow.tcp_window_scale_reply);
    const nf_ct_tcp_flags original{flow.tcp_flags_original, flow.tcp_flags_mask_original};
    const nf_ct_tcp_flags reply{flow.tcp_flags_reply, flow.tcp_flags_mask_reply};
    writer.Put(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, BytesOf(original));
    writer.Put(CTA_PROTOINFO_TCP_FLAGS_REPLY, BytesOf(reply));
    writer.CloseNest(tcp);
  } else {
    nlattr* sctp = writer.OpenNest(CTA_PROTOINFO_SCTP);
    writer.PutU8(CTA_PROTOINFO_SCTP_STATE, flow.sctp_state);
    writer.PutBe32(CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, flow.sctp_tag_original);
    writer.PutBe32(CTA_PROTOINFO_SCTP_VTAG_REPLY, flow.sctp_tag_reply);
    writer.CloseNest(sctp);
  }
  writer.CloseNest(outer);
}

void PutState(MessageWriter& writer, const FlowRow& flow) {
  if (flow.present & kHasTimeout) writer.PutBe32(CTA_TIMEOUT, flow.timeout_seconds);
  if (flow.present & kHasStatus) writer.PutBe32(CTA_STATUS, flow.status);
  if (flow.present & kHasMark) writer.PutBe32(CTA_MARK, flow.mark);
  if (flow.present & kHasMarkMask) writer.PutBe32(CTA_MARK_MASK, flow.mark_mask);
  const size_t labels_size = std::min<size_t>(flow.labels_size, sizeof flow.labels);
  if (flow.present & kHasLabels) writer.Put(CTA_LABELS, Bytes(flow.labels, labels_size));
  if (flow.present & kHasLabelsMask) writer.Put(CTA_LABELS_MASK, Bytes(flow.labels_mask, labels_size));
  if (flow.present & kHasHelper) {
    nlattr* nest = writer.OpenNest(CTA_HELP);
    writer.PutText(CTA_HELP_NAME, TextOf(flow.helper));
    writer.CloseNest(nest);
  }
  if (flow.present & kHasMaster) {
    PutTuple(writer, CTA_TUPLE_MASTER, flow.master, FieldsOf(flow.master));
  }
  PutProtocolState(writer, flow);
}

}  // namespace

void BeginFlowMessage(MessageWriter& writer, uint16_t type, uint8_t family, uint16_t flags,
                      uint32_t sequence) {
  writer.Begin(type, NLM_F_REQUEST | flags, sequence);
  if (auto* header = writer.Header<nfgenmsg>()) {
    header->nfgen_family = family;
    header->version = kHonourFamily;
  }
}

uint32_t FieldsOf(const Tuple& tuple) {
  constexpr uint32_t kBasic = kFieldSource | kFieldDestination | kFieldProtocol;
  switch (tuple.protocol) {
    case IPPROTO_ICMP:
      return kBasic | kFieldIcmpId | kFieldIcmpType | kFieldIcmpCode;
    case IPPROTO_ICMPV6:
      return kBasic | kFieldIcmp6Id | kFieldIcmp6Type | kFieldIcmp6Code;
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_SCTP:
    case IPPROTO_DCCP:
    case IPPROTO_GRE:
      return kBasic | kFieldSourcePort | kFieldDestinationPort;
    default:
      return kBasic;
  }
}

void PutTuple(MessageWriter& writer, uint16_t type, const Tuple& tuple, uint32_t fields, bool zoned) {
  constexpr uint32_t kAddressFields = kFieldSource | kFieldDestination;
  nlattr* nest = writer.OpenNest(type);
  if (fields & kAddressFields) PutAddresses(writer, tuple, fields);
  if (fields & ~(kAddressFields | kFieldZone)) PutProtocol(writer, tuple, fields);
  if (zoned) writer.PutBe16(CTA_TUPLE_ZONE, tuple.zone);
  writer.CloseNest(nest);
}

void PutIdentity(MessageWriter& writer, const FlowRow& flow) {
  if (flow.original.family != 0) {
    PutTuple(writer, CTA_TUPLE_ORIG, flow.original, FieldsOf(flow.original),
             (flow.present & kHasOriginalZone) != 0);
  } else {
    PutTuple(writer, CTA_TUPLE_REPLY, flow.reply, FieldsOf(flow.reply), (flow.present & kHasReplyZone) != 0);
  }
  PutZone(writer, flow);
  if (flow.present & kHasId) writer.PutBe32(CTA_ID, flow.id);
}

void PutWrite(MessageWriter& writer, const WriteRow& row) {
  const FlowRow& flow = row.flow;
  switch (row.kind) {
    case WriteKind::kDelete:
      PutIdentity(writer, flow);
      return;
    case WriteKind::kUpdate:
      PutIdentity(writer, flow);
      PutState(writer, flow);
      return;
    case WriteKind::kCreate:
      PutTuple(writer, CTA_TUPLE_ORIG, flow.original, FieldsOf(flow.original),
               (flow.present & kHasOriginalZone) != 0);
      PutTuple(writer, CTA_TUPLE_REPLY, flow.reply, FieldsOf(flow.reply),
               (flow.present & kHasReplyZone) != 0);
      PutZone(writer, flow);
      PutState(writer, flow);
      if (row.source_nat.used) PutNat(writer, CTA_NAT_SRC, flow.original.family, row.source_nat);
      if (row.destination_nat.used) {
        PutNat(writer, CTA_NAT_DST, flow.original.family, row.destination_nat);
      }
      return;
  }
}

}  // namespace director::conntrack
