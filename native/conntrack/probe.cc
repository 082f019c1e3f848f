#include "conntrack/probe.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "conntrack/client.h"
#include "conntrack/wire.h"
#include "netlink/namespace.h"
#include "util/error.h"

namespace director::conntrack {
namespace {

constexpr uint16_t kWantedPort = 1;
constexpr uint16_t kOtherPort = 2;
constexpr uint32_t kConfirmed = 1u << 3;  // IPS_CONFIRMED
constexpr uint32_t kAssured = 1u << 2;    // IPS_ASSURED
constexpr uint32_t kSeenReply = 1u << 1;  // IPS_SEEN_REPLY

Tuple UdpTuple(uint8_t family, uint16_t port) {
  Tuple tuple{};
  tuple.family = family;
  tuple.protocol = IPPROTO_UDP;
  tuple.source[0] = tuple.destination[0] = 10;
  tuple.source[3] = 1;
  tuple.destination[3] = 2;
  tuple.source_port = port;
  tuple.destination_port = port;
  return tuple;
}

WriteRow Creation(uint8_t family, uint16_t port) {
  WriteRow row{};
  row.kind = WriteKind::kCreate;
  row.flow.original = UdpTuple(family, port);
  row.flow.reply = row.flow.original;
  std::swap(row.flow.reply.source, row.flow.reply.destination);
  row.flow.present = kHasTimeout;
  row.flow.timeout_seconds = 60;
  return row;
}

// One condition: how the flow that is to go differs from the one that is to stay, and the filter that says
// so.
struct Trial {
  bool KernelConditions::*condition;
  WriteRow wanted;
  FlowFilter filter;
};

std::array<Trial, 5> Trials() {
  std::array<Trial, 5> trials{};
  for (Trial& trial : trials) trial.wanted = Creation(AF_INET, kWantedPort);

  trials[0].condition = &KernelConditions::family;
  trials[0].wanted = Creation(AF_INET6, kWantedPort);
  trials[0].filter.family = AF_INET6;

  trials[1].condition = &KernelConditions::mark;
  trials[1].wanted.flow.mark = 7;
  trials[1].wanted.flow.present |= kHasMark;
  trials[1].filter.used = kByMark;
  trials[1].filter.mark = 7;
  trials[1].filter.mark_mask = UINT32_MAX;

  trials[2].condition = &KernelConditions::status;
  trials[2].wanted.flow.status = kConfirmed | kAssured | kSeenReply;
  trials[2].wanted.flow.present |= kHasStatus;
  trials[2].filter.used = kByStatus;
  trials[2].filter.status = trials[2].filter.status_mask = kAssured;

  trials[3].condition = &KernelConditions::zone;
  trials[3].wanted.flow.zone = 9;
  trials[3].wanted.flow.present |= kHasZone;
  trials[3].filter.used = kByZone;
  trials[3].filter.zone = 9;

  trials[4].condition = &KernelConditions::tuple;
  trials[4].filter.family = AF_INET;
  trials[4].filter.used = kByProtocol;
  trials[4].filter.protocol = IPPROTO_UDP;
  trials[4].filter.original.used = kFieldDestinationPort;
  trials[4].filter.original.source_prefix = trials[4].filter.original.destination_prefix = 32;
  trials[4].filter.reply.source_prefix = trials[4].filter.reply.destination_prefix = 32;
  trials[4].filter.original.destination_port = kWantedPort;
  return trials;
}

bool Passes(netlink::SocketPool& pool, const Trial& trial) {
  Client client(pool);
  const WriteRow other = Creation(AF_INET, kOtherPort);
  const WriteRow rows[] = {trial.wanted, other};
  auto socket = pool.Take();
  netlink::RunReport report;
  client.Write({Bytes(reinterpret_cast<const uint8_t*>(rows), sizeof rows)}, {}, report);
  if (report.attempted != std::size(rows) || !report.refused.empty()) return false;
  bool exact = false;
  try {
    DeleteInKernel(*socket, trial.filter);
    exact = !client.Get(trial.wanted.flow) && client.Get(other.flow);
  } catch (const KernelError&) {
    // It says that it cannot: as good an answer.
  }
  DeleteInKernel(*socket, {});
  return exact;
}

}  // namespace

KernelConditions ProbeDeletes() {
  KernelConditions able;
  try {
    const auto scratch = std::make_shared<const netlink::Namespace>(netlink::Namespace::MakeFresh());
    netlink::SocketPool pool(scratch, {.protocol = NETLINK_NETFILTER});
    for (const Trial& trial : Trials()) able.*trial.condition = Passes(pool, trial);
  } catch (const KernelError&) {
    // No namespace to try it in, or no conntrack there: then nothing is known, and nothing risked.
  }
  return able;
}

}  // namespace director::conntrack
