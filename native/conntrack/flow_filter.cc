#include "conntrack/flow_filter.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "conntrack/encode.h"
#include "conntrack/wire.h"

namespace director::conntrack {
namespace {

uint8_t AddressBits(uint8_t family) {
  return family == AF_INET6 ? 128 : 32;
}

bool InNetwork(const uint8_t (&address)[16], const uint8_t (&network)[16], uint8_t prefix) {
  // Rows come from JavaScript, and may claim anything.
  prefix = std::min<uint8_t>(prefix, sizeof address * 8);
  const size_t whole = prefix / 8;
  if (std::memcmp(address, network, whole) != 0) return false;
  const uint8_t mask = static_cast<uint8_t>(0xff << (8 - prefix % 8));
  return prefix % 8 == 0 || ((address[whole] ^ network[whole]) & mask) == 0;
}

bool MatchesDirection(const DirectionFilter& filter, const Tuple& tuple) {
  if ((filter.used & kFieldSource) && !InNetwork(tuple.source, filter.source, filter.source_prefix)) {
    return false;
  }
  if ((filter.used & kFieldDestination) &&
      !InNetwork(tuple.destination, filter.destination, filter.destination_prefix)) {
    return false;
  }
  if ((filter.used & kFieldSourcePort) && tuple.source_port != filter.source_port) return false;
  return !(filter.used & kFieldDestinationPort) || tuple.destination_port == filter.destination_port;
}

// A flow has one zone, which may be that of one direction only; the kernel compares the id whatever its
// direction.
uint16_t ZoneOf(const FlowRow& flow) {
  if (flow.zone != 0) return flow.zone;
  return flow.original.zone != 0 ? flow.original.zone : flow.reply.zone;
}

// The protocols of which the kernel compares ports. It takes those of others, too, and then takes any for
// equal (ctnetlink_filter_match_tuple).
bool ComparesPorts(uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

// The parts of one direction that the kernel compares: whole addresses, the protocol, and ports of some.
uint32_t KernelFields(const FlowFilter& filter, const DirectionFilter& direction) {
  uint32_t fields = direction.used;
  const uint8_t bits = AddressBits(filter.family);
  if (direction.source_prefix != bits) fields &= ~uint32_t{kFieldSource};
  if (direction.destination_prefix != bits) fields &= ~uint32_t{kFieldDestination};
  const bool by_protocol = (filter.used & kByProtocol) != 0;
  if (!by_protocol || !ComparesPorts(filter.protocol)) fields &= kFieldSource | kFieldDestination;
  return by_protocol ? fields | kFieldProtocol : fields;
}

void PutDirection(netlink::MessageWriter& writer, uint16_t type, const FlowFilter& filter,
                  const DirectionFilter& direction, uint32_t fields) {
  Tuple tuple{};
  tuple.family = filter.family;
  tuple.protocol = filter.protocol;
  std::memcpy(tuple.source, direction.source, sizeof tuple.source);
  std::memcpy(tuple.destination, direction.destination, sizeof tuple.destination);
  tuple.source_port = direction.source_port;
  tuple.destination_port = direction.destination_port;
  PutTuple(writer, type, tuple, fields);
}

void PutTupleFilter(netlink::MessageWriter& writer, const FlowFilter& filter) {
  const uint32_t original = KernelFields(filter, filter.original);
  const uint32_t reply = filter.reply.used != 0 ? KernelFields(filter, filter.reply) : 0;
  if (filter.family == 0 || (original | reply) == 0) return;
  // Flags are in host order, unlike every other number here.
  nlattr* nest = writer.OpenNest(CTA_FILTER);
  if (original != 0) writer.PutU32(CTA_FILTER_ORIG_FLAGS, original);
  if (reply != 0) writer.PutU32(CTA_FILTER_REPLY_FLAGS, reply);
  writer.CloseNest(nest);
  if (original != 0) PutDirection(writer, CTA_TUPLE_ORIG, filter, filter.original, original);
  if (reply != 0) PutDirection(writer, CTA_TUPLE_REPLY, filter, filter.reply, reply);
}

}  // namespace

bool Matches(const FlowFilter& filter, const FlowRow& flow) {
  if (filter.family != 0 && flow.original.family != filter.family) return false;
  if ((filter.used & kByProtocol) && flow.original.protocol != filter.protocol) return false;
  if ((filter.used & kByMark) && (flow.mark & filter.mark_mask) != filter.mark) return false;
  if ((filter.used & kByStatus) && (flow.status & filter.status_mask) != filter.status) return false;
  if ((filter.used & kByZone) && ZoneOf(flow) != filter.zone) return false;
  return MatchesDirection(filter.original, flow.original) && MatchesDirection(filter.reply, flow.reply);
}

FilterNeeds NeedsOf(const FlowFilter& filter) {
  const uint32_t directions = filter.original.used | filter.reply.used;
  FilterNeeds needs;
  needs.conditions.family = filter.family != 0;
  needs.conditions.mark = (filter.used & kByMark) != 0;
  needs.conditions.status = (filter.used & kByStatus) != 0;
  needs.conditions.zone = (filter.used & kByZone) != 0;
  needs.conditions.tuple = directions != 0 || (filter.used & kByProtocol) != 0;
  const auto lost = [&](const DirectionFilter& direction) {
    return (direction.used & ~KernelFields(filter, direction)) != 0;
  };
  needs.whole =
      !needs.conditions.tuple || (filter.family != 0 && !lost(filter.original) && !lost(filter.reply));
  return needs;
}

bool Covers(const KernelConditions& able, const KernelConditions& needed) {
  return (able.family || !needed.family) && (able.mark || !needed.mark) && (able.status || !needed.status) &&
         (able.zone || !needed.zone) && (able.tuple || !needed.tuple);
}

void PutFlowFilter(netlink::MessageWriter& writer, const FlowFilter& filter,
                   const KernelConditions& allowed) {
  if (allowed.mark && (filter.used & kByMark)) {
    writer.PutBe32(CTA_MARK, filter.mark);
    writer.PutBe32(CTA_MARK_MASK, filter.mark_mask);
  }
  if (allowed.status && (filter.used & kByStatus)) {
    writer.PutBe32(CTA_STATUS, filter.status);
    writer.PutBe32(CTA_STATUS_MASK, filter.status_mask);
  }
  if (allowed.zone && (filter.used & kByZone)) writer.PutBe16(CTA_ZONE, filter.zone);
  if (allowed.tuple) PutTupleFilter(writer, filter);
}

}  // namespace director::conntrack
