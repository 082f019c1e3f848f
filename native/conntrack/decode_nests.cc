#include "conntrack/decode_nests.h"

#include "conntrack/decode.h"
#include "conntrack/wire.h"

namespace director::conntrack {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;

// Applies `read` to each attribute of a nest until one is bad.
template <class Function>
bool ReadNest(Bytes nest, Function read) {
  AttributeReader reader(nest);
  for (Attribute attribute; reader.Next(attribute);) {
    if (!read(attribute)) return false;
  }
  return !reader.malformed();
}

bool ReadTcpFlags(const Attribute& attribute, uint8_t& flags, uint8_t& mask) {
  if (attribute.payload.size() != sizeof(nf_ct_tcp_flags)) return false;
  flags = attribute.payload[0];
  mask = attribute.payload[1];
  return true;
}

bool ReadTcp(const Attribute& attribute, FlowRow& row) {
  switch (attribute.type) {
    case CTA_PROTOINFO_TCP_STATE:
      return attribute.Read(row.tcp_state);
    case CTA_PROTOINFO_TCP_WSCALE_ORIGINAL:
      return attribute.Read(row.tcp_window_scale_original);
    case CTA_PROTOINFO_TCP_WSCALE_REPLY:
      return attribute.Read(row.tcp_window_scale_reply);
    case CTA_PROTOINFO_TCP_FLAGS_ORIGINAL:
      return ReadTcpFlags(attribute, row.tcp_flags_original, row.tcp_flags_mask_original);
    case CTA_PROTOINFO_TCP_FLAGS_REPLY:
      return ReadTcpFlags(attribute, row.tcp_flags_reply, row.tcp_flags_mask_reply);
    default:
      return true;
  }
}

bool ReadDccp(const Attribute& attribute, FlowRow& row) {
  switch (attribute.type) {
    case CTA_PROTOINFO_DCCP_STATE:
      return attribute.Read(row.dccp_state);
    case CTA_PROTOINFO_DCCP_ROLE:
      return attribute.Read(row.dccp_role);
    case CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ:
      return attribute.ReadBe64(row.dccp_handshake_sequence);
    default:
      return true;
  }
}

bool ReadSctp(const Attribute& attribute, FlowRow& row) {
  switch (attribute.type) {
    case CTA_PROTOINFO_SCTP_STATE:
      return attribute.Read(row.sctp_state);
    case CTA_PROTOINFO_SCTP_VTAG_ORIGINAL:
      return attribute.ReadBe32(row.sctp_tag_original);
    case CTA_PROTOINFO_SCTP_VTAG_REPLY:
      return attribute.ReadBe32(row.sctp_tag_reply);
    default:
      return true;
  }
}

bool ReadLabels(const Attribute& attribute, FlowRow& row) {
  const size_t size = attribute.payload.size();
  if (size > sizeof row.labels) return false;
  std::memcpy(row.labels, attribute.payload.data(), size);
  row.labels_size = static_cast<uint8_t>(size);
  row.present |= kHasLabels;
  return true;
}

bool ReadHelper(Bytes nest, FlowRow& row) {
  row.present |= kHasHelper;
  return ReadNest(nest, [&](const Attribute& attribute) {
    if (attribute.type == CTA_HELP_NAME) CopyText(attribute.Text(), row.helper);
    return true;
  });
}

bool ReadSecurityContext(Bytes nest, FlowRow& row) {
  row.present |= kHasSecurityContext;
  return ReadNest(nest, [&](const Attribute& attribute) {
    if (attribute.type != CTA_SECCTX_NAME) return true;
    CopyText(attribute.Text(), row.security_context);
    if (attribute.Text().size() >= sizeof row.security_context) row.present |= kCutSecurityContext;
    return true;
  });
}

bool ReadAdjustment(Bytes nest, SequenceAdjustment& adjustment) {
  return ReadNest(nest, [&](const Attribute& attribute) {
    uint32_t value = 0;
    if (attribute.type < CTA_SEQADJ_CORRECTION_POS || attribute.type > CTA_SEQADJ_OFFSET_AFTER) return true;
    if (!attribute.ReadBe32(value)) return false;
    if (attribute.type == CTA_SEQADJ_CORRECTION_POS) adjustment.correction_position = value;
    if (attribute.type == CTA_SEQADJ_OFFSET_BEFORE) adjustment.offset_before = static_cast<int32_t>(value);
    if (attribute.type == CTA_SEQADJ_OFFSET_AFTER) adjustment.offset_after = static_cast<int32_t>(value);
    return true;
  });
}

// A kernel that could proxy gives the extension to each flow that ctnetlink makes, all zero until a SYN is
// proxied: that says nothing, and would make the rows of all flows long.
bool ReadSynproxy(Bytes nest, FlowRow& row) {
  const bool good = ReadNest(nest, [&](const Attribute& attribute) {
    switch (attribute.type) {
      case CTA_SYNPROXY_ISN:
        return attribute.ReadBe32(row.synproxy_initial_sequence);
      case CTA_SYNPROXY_ITS:
        return attribute.ReadBe32(row.synproxy_initial_timestamp);
      case CTA_SYNPROXY_TSOFF:
        return attribute.ReadBe32(row.synproxy_timestamp_offset);
      default:
        return true;
    }
  });
  const uint32_t any =
      row.synproxy_initial_sequence | row.synproxy_initial_timestamp | row.synproxy_timestamp_offset;
  if (any != 0) row.present |= kHasSynproxy;
  return good;
}

}  // namespace

bool ReadProtocolState(Bytes nest, FlowRow& row) {
  return ReadNest(nest, [&](const Attribute& state) {
    switch (state.type) {
      case CTA_PROTOINFO_TCP:
        row.present |= kHasTcp;
        return ReadNest(state.payload, [&](const Attribute& one) { return ReadTcp(one, row); });
      case CTA_PROTOINFO_DCCP:
        row.present |= kHasDccp;
        return ReadNest(state.payload, [&](const Attribute& one) { return ReadDccp(one, row); });
      case CTA_PROTOINFO_SCTP:
        row.present |= kHasSctp;
        return ReadNest(state.payload, [&](const Attribute& one) { return ReadSctp(one, row); });
      default:
        return true;
    }
  });
}

bool ReadCounters(Bytes nest, Counters& counters) {
  return ReadNest(nest, [&](const Attribute& attribute) {
    uint32_t narrow = 0;
    switch (attribute.type) {
      case CTA_COUNTERS_PACKETS:
        return attribute.ReadBe64(counters.packets);
      case CTA_COUNTERS_BYTES:
        return attribute.ReadBe64(counters.bytes);
      case CTA_COUNTERS32_PACKETS:
        if (!attribute.ReadBe32(narrow)) return false;
        counters.packets = narrow;
        return true;
      case CTA_COUNTERS32_BYTES:
        if (!attribute.ReadBe32(narrow)) return false;
        counters.bytes = narrow;
        return true;
      default:
        return true;
    }
  });
}

bool ReadTimestamps(Bytes nest, FlowRow& row) {
  return ReadNest(nest, [&](const Attribute& attribute) {
    switch (attribute.type) {
      case CTA_TIMESTAMP_START:
        row.present |= kHasStart;
        return attribute.ReadBe64(row.start_ns);
      case CTA_TIMESTAMP_STOP:
        row.present |= kHasStop;
        return attribute.ReadBe64(row.stop_ns);
      default:
        return true;
    }
  });
}

bool ReadRare(const Attribute& attribute, uint8_t family, FlowRow& row) {
  bool zoned;
  switch (attribute.type) {
    case CTA_HELP:
      return ReadHelper(attribute.payload, row);
    case CTA_LABELS:
      return ReadLabels(attribute, row);
    case CTA_TUPLE_MASTER:
      row.present |= kHasMaster;
      return ReadTuple(attribute.payload, family, row.master, zoned);
    case CTA_SEQ_ADJ_ORIG:
      row.present |= kHasOriginalAdjustment;
      return ReadAdjustment(attribute.payload, row.original_adjustment);
    case CTA_SEQ_ADJ_REPLY:
      row.present |= kHasReplyAdjustment;
      return ReadAdjustment(attribute.payload, row.reply_adjustment);
    case CTA_SECMARK:
      row.present |= kHasSecurityMark;
      return attribute.ReadBe32(row.security_mark);
    case CTA_SECCTX:
      return ReadSecurityContext(attribute.payload, row);
    case CTA_SYNPROXY:
      return ReadSynproxy(attribute.payload, row);
    case kTimestampEvent:
      row.present |= kHasEventTime;
      return attribute.ReadBe64(row.event_ns);
    default:
      return true;
  }
}

bool ReadExpectationNat(Bytes nest, uint8_t family, ExpectationRow& row) {
  return ReadNest(nest, [&](const Attribute& attribute) {
    bool zoned;
    uint32_t direction = 0;
    switch (attribute.type) {
      case CTA_EXPECT_NAT_DIR:
        if (!attribute.ReadBe32(direction)) return false;
        row.nat_direction = static_cast<uint8_t>(direction);
        return true;
      case CTA_EXPECT_NAT_TUPLE:
        return ReadTuple(attribute.payload, family, row.nat, zoned);
      default:
        return true;
    }
  });
}

bool ReadFlowCounts(AttributeReader& reader, CpuStatsRow& row) {
  for (Attribute attribute; reader.Next(attribute);) {
    uint32_t* field = nullptr;
    switch (attribute.type) {
      case CTA_STATS_FOUND:
        field = &row.found;
        break;
      case CTA_STATS_INVALID:
        field = &row.invalid;
        break;
      case CTA_STATS_INSERT:
        field = &row.insert;
        break;
      case CTA_STATS_INSERT_FAILED:
        field = &row.insert_failed;
        break;
      case CTA_STATS_DROP:
        field = &row.drop;
        break;
      case CTA_STATS_EARLY_DROP:
        field = &row.early_drop;
        break;
      case CTA_STATS_ERROR:
        field = &row.error;
        break;
      case CTA_STATS_SEARCH_RESTART:
        field = &row.search_restart;
        break;
      case CTA_STATS_CLASH_RESOLVE:
        field = &row.clash_resolve;
        break;
      case CTA_STATS_CHAIN_TOOLONG:
        field = &row.chain_too_long;
        break;
      default:
        break;
    }
    if (field != nullptr && !attribute.ReadBe32(*field)) return false;
  }
  return !reader.malformed();
}

bool ReadExpectationCounts(AttributeReader& reader, CpuStatsRow& row) {
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    if (attribute.type == CTA_STATS_EXP_NEW) good = attribute.ReadBe32(row.expectations_new);
    if (attribute.type == CTA_STATS_EXP_CREATE) good = attribute.ReadBe32(row.expectations_created);
    if (attribute.type == CTA_STATS_EXP_DELETE) good = attribute.ReadBe32(row.expectations_deleted);
    if (!good) return false;
  }
  return !reader.malformed();
}

}  // namespace director::conntrack
