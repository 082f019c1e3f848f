#pragma once

#include <cstddef>
#include <cstdint>

// Fixed-size rows in which conntrack crosses to JavaScript, in both directions. This is the only place that
// defines them: native/binding/conntrack_layout.cc exports the offsets. All numbers are in host order; text
// is zero-padded.

namespace director::conntrack {

// One direction of a flow. Ports are those of TCP, UDP, UDP-Lite, SCTP and DCCP, and the keys of GRE.
struct Tuple {
  uint8_t source[16];  // an IPv4 address in the first four bytes
  uint8_t destination[16];
  uint16_t source_port;
  uint16_t destination_port;
  uint16_t icmp_id;
  uint8_t icmp_type;
  uint8_t icmp_code;
  uint8_t family;  // AF_INET, AF_INET6; 0: there is no such tuple
  uint8_t protocol;
  uint16_t zone;
};

// Which attributes a row has: the kernel sends only those that apply, and a request sends those that are set.
enum Present : uint32_t {
  kHasStatus = 1u << 0,
  kHasTimeout = 1u << 1,
  kHasMark = 1u << 2,
  kHasMarkMask = 1u << 3,
  kHasUse = 1u << 4,
  kHasId = 1u << 5,
  kHasZone = 1u << 6,
  kHasOriginalZone = 1u << 7,
  kHasReplyZone = 1u << 8,
  kHasOriginalCounters = 1u << 9,
  kHasReplyCounters = 1u << 10,
  kHasStart = 1u << 11,
  kHasStop = 1u << 12,
  kHasEventTime = 1u << 13,
  kHasTcp = 1u << 14,
  kHasDccp = 1u << 15,
  kHasSctp = 1u << 16,
  kHasLabels = 1u << 17,
  kHasLabelsMask = 1u << 18,
  kHasHelper = 1u << 19,
  kHasMaster = 1u << 20,
  kHasSecurityContext = 1u << 21,
  kHasSecurityMark = 1u << 22,
  kHasOriginalAdjustment = 1u << 23,
  kHasReplyAdjustment = 1u << 24,
  kHasSynproxy = 1u << 25,
  // The security context was longer than its field.
  kCutSecurityContext = 1u << 26,
};
inline constexpr uint32_t kRare = kHasMarkMask | kHasDccp | kHasSctp | kHasLabels | kHasLabelsMask |
                                  kHasHelper | kHasMaster | kHasSecurityContext | kHasSecurityMark |
                                  kHasOriginalAdjustment | kHasReplyAdjustment | kHasSynproxy;
// What only dumps have, and events of a kernel that was told to count or to take the time.
inline constexpr uint32_t kKept =
    kHasUse | kHasOriginalCounters | kHasReplyCounters | kHasStart | kHasStop | kHasEventTime;

enum class EventKind : uint8_t {
  kNone = 0,  // a row of a table, not of the event stream
  kNew = 1,
  kUpdate = 2,
  kDestroy = 3,
};

struct Counters {
  uint64_t packets;
  uint64_t bytes;
};

struct SequenceAdjustment {
  uint32_t correction_position;
  int32_t offset_before;
  int32_t offset_after;
};

// Where NAT of a flow being created may map it to. Address and port 0: left alone.
struct NatRange {
  uint8_t address[16];
  uint16_t port;
  uint8_t used;
  uint8_t reserved;
};

// What every event has stands in front, then what many flows have: tables of rows are cut off behind either
// for as long as no flow has more (FlowRowBytes), and the stride goes with the table.
struct FlowRow {
  EventKind kind;
  uint8_t synthetic;  // made from a dump, not sent by the kernel as an event
  uint16_t zone;
  uint32_t present;  // Present bits
  uint32_t status;   // IPS_*
  uint32_t timeout_seconds;
  uint32_t mark;
  uint32_t id;
  int32_t nsid;        // the namespace's id as seen from the listener; -1: the listener's own
  uint32_t caused_by;  // netlink port of the request that caused the event; 0: traffic or a timer
  Tuple original;
  Tuple reply;
  uint8_t tcp_state;
  uint8_t tcp_window_scale_original;
  uint8_t tcp_window_scale_reply;
  uint8_t tcp_flags_original;
  uint8_t tcp_flags_mask_original;
  uint8_t tcp_flags_reply;
  uint8_t tcp_flags_mask_reply;
  uint8_t reserved;
  // From here on: kKept.
  uint32_t use;
  uint32_t reserved_too;
  Counters original_counters;
  Counters reply_counters;
  uint64_t start_ns;  // since the epoch
  uint64_t stop_ns;
  uint64_t event_ns;
  // From here on: what few have (kRare).
  uint64_t dccp_handshake_sequence;
  Tuple master;
  uint32_t mark_mask;
  uint32_t security_mark;
  uint8_t dccp_state;
  uint8_t dccp_role;
  uint8_t sctp_state;
  uint8_t labels_size;
  uint32_t sctp_tag_original;
  uint32_t sctp_tag_reply;
  uint8_t labels[16];
  uint8_t labels_mask[16];
  SequenceAdjustment original_adjustment;
  SequenceAdjustment reply_adjustment;
  uint32_t synproxy_initial_sequence;
  uint32_t synproxy_initial_timestamp;
  uint32_t synproxy_timestamp_offset;
  char helper[16];
  char security_context[64];
};

// How much of a row a flow with these attributes fills.
constexpr size_t FlowRowBytes(uint32_t present) {
  if ((present & kRare) != 0) return sizeof(FlowRow);
  return (present & kKept) != 0 ? offsetof(FlowRow, dccp_handshake_sequence) : offsetof(FlowRow, use);
}

static_assert(sizeof(Tuple) == 44);
static_assert(FlowRowBytes(0) == 128 && FlowRowBytes(kKept) == 192 && sizeof(FlowRow) % 8 == 0);

// A flow that a helper waits for.
struct ExpectationRow {
  EventKind kind;
  uint8_t nat_direction;
  uint16_t zone;
  uint32_t timeout_seconds;
  uint32_t id;
  uint32_t flags;  // NF_CT_EXPECT_*
  uint32_t expectation_class;
  int32_t nsid;
  uint32_t caused_by;
  Tuple tuple;
  Tuple mask;
  Tuple master;
  Tuple nat;
  char helper[16];
  char function[32];
  uint32_t reserved;
};
static_assert(sizeof(ExpectationRow) % 8 == 0);

// What to do with a flow, one row an operation.
enum class WriteKind : uint32_t { kCreate = 1, kUpdate = 2, kDelete = 3 };

struct WriteRow {
  WriteKind kind;
  uint32_t reserved;
  FlowRow flow;
  NatRange source_nat;
  NatRange destination_nat;
};
static_assert(sizeof(WriteRow) % 8 == 0);

// Which flows of a table are meant. Conditions that are not in `used` are none.
enum FlowCondition : uint32_t {
  kByProtocol = 1u << 0,
  kByMark = 1u << 1,
  kByStatus = 1u << 2,
  kByZone = 1u << 3,
};

// Conditions on one direction: TupleField bits of conntrack/wire.h say which hold.
struct DirectionFilter {
  uint8_t source[16];
  uint8_t destination[16];
  uint16_t source_port;
  uint16_t destination_port;
  uint8_t source_prefix;
  uint8_t destination_prefix;
  uint16_t used;
};

struct FlowFilter {
  uint8_t family;  // 0: both
  uint8_t protocol;
  uint16_t zone;
  uint32_t used;  // FlowCondition bits
  uint32_t mark;
  uint32_t mark_mask;
  uint32_t status;
  uint32_t status_mask;
  DirectionFilter original;
  DirectionFilter reply;
};

// One member of an event filter: FilterRole of bpf/conntrack_filter.h, or kMarkRow.
inline constexpr uint8_t kMarkRow = 6;
struct FilterRow {
  uint8_t role;
  uint8_t family;
  uint8_t protocol;
  uint8_t prefix_length;
  uint16_t port;  // or the zone
  uint16_t reserved;
  uint8_t address[16];
  uint32_t value;  // of a mark
  uint32_t mask;
};

// Counters of one processor (nf_conntrack's and the expectations').
struct CpuStatsRow {
  uint32_t cpu;
  uint32_t found;
  uint32_t invalid;
  uint32_t insert;
  uint32_t insert_failed;
  uint32_t drop;
  uint32_t early_drop;
  uint32_t error;
  uint32_t search_restart;
  uint32_t clash_resolve;
  uint32_t chain_too_long;
  uint32_t expectations_new;
  uint32_t expectations_created;
  uint32_t expectations_deleted;
};

struct TableStats {
  uint32_t entries = 0;
  uint32_t max_entries = 0;
};

}  // namespace director::conntrack
