// Any bytes as a message of ctnetlink, and as rows of writes and filters: reading, writing and filtering stay
// inside them, and a flow that was read survives decode → encode → decode.
#include <sys/socket.h>

#include <array>
#include <cstdlib>

#include "conntrack/decode.h"
#include "conntrack/encode.h"
#include "conntrack/flow_filter.h"
#include "conntrack/native_filter.h"
#include "conntrack/wire.h"

namespace {

using namespace director;
using namespace director::conntrack;

// Ample for one operation; every field has a fixed size.
using Buffer = std::array<uint8_t, 2048>;

bool Same(const Tuple& a, const Tuple& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// What a tuple's protocol has no use for is not sent.
Tuple Sent(const Tuple& tuple) {
  Tuple sent = tuple;
  const uint32_t fields = FieldsOf(tuple);
  if ((fields & kFieldSourcePort) == 0) sent.source_port = sent.destination_port = 0;
  if ((fields & (kFieldIcmpId | kFieldIcmp6Id)) == 0) sent.icmp_id = sent.icmp_type = sent.icmp_code = 0;
  if (tuple.family == AF_INET) {
    std::memset(sent.source + 4, 0, 12);
    std::memset(sent.destination + 4, 0, 12);
  }
  return sent;
}

netlink::Message Encode(Buffer& buffer, const WriteRow& row) {
  netlink::MessageWriter writer(buffer);
  BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_NEW), row.flow.original.family, 0, 1);
  PutWrite(writer, row);
  if (!writer.Finish()) abort();
  netlink::MessageReader reader(writer.data());
  netlink::Message message;
  if (!reader.Next(message)) abort();
  return message;
}

void CheckFlow(const netlink::Message& message) {
  FlowRow flow{};
  if (!ReadFlow(message, flow)) return;
  if (flow.original.family != AF_INET && flow.original.family != AF_INET6) return;
  // An IPv4 message may carry IPv6 addresses as well; only those of its family are written.
  WriteRow row{WriteKind::kCreate, 0, flow, {}, {}};
  row.flow.original = Sent(flow.original);
  row.flow.reply = Sent(flow.reply);
  // A message may lack the other direction; a zone that only one direction is in is not the other's.
  if (row.flow.reply.family == 0) row.flow.reply = row.flow.original;
  if ((flow.present & kHasReplyZone) == 0) row.flow.reply.zone = 0;
  Buffer buffer;
  FlowRow again{};
  if (!ReadFlow(Encode(buffer, row), again)) abort();
  if (!Same(again.original, row.flow.original) || !Same(again.reply, row.flow.reply)) abort();
  if (again.mark != flow.mark || again.zone != flow.zone || again.status != flow.status) abort();
  if (again.timeout_seconds != flow.timeout_seconds || again.labels_size != flow.labels_size) abort();
}

void CheckRest(const netlink::Message& message) {
  ExpectationRow expectation{};
  CpuStatsRow counters{};
  TableStats stats;
  volatile bool read = ReadExpectation(message, expectation);
  read = ReadCpuStats(message, counters);
  read = ReadTableStats(message, stats);
  (void)read;
}

// Rows come from JavaScript, which may have written anything into them.
void CheckRows(Bytes bytes) {
  WriteRow row;
  if (bytes.size() >= sizeof row) {
    std::memcpy(&row, bytes.data(), sizeof row);
    Buffer buffer;
    Encode(buffer, row);
  }
  FlowFilter filter;
  if (bytes.size() < sizeof filter) return;
  std::memcpy(&filter, bytes.data(), sizeof filter);
  Buffer buffer;
  netlink::MessageWriter writer(buffer);
  BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_GET), filter.family, 0, 1);
  PutFlowFilter(writer, filter, NeedsOf(filter).conditions);
  if (!writer.Finish()) abort();
  volatile bool matched = Matches(filter, FlowRow{});
  (void)matched;
}

// The first bytes are the filter, the rest is the event.
void CheckFilter(Bytes bytes) {
  std::array<FilterRow, 3> rows;
  if (bytes.size() < sizeof rows) return;
  std::memcpy(rows.data(), bytes.data(), sizeof rows);
  const CompiledRules rules(MakeRules(bytes[0], rows));
  volatile bool passes = rules.Passes(bytes.subspan(sizeof rows));
  passes = rules.Passes(bytes);
  (void)passes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, size);
  netlink::MessageReader reader(bytes);
  for (netlink::Message message; reader.Next(message);) {
    CheckFlow(message);
    CheckRest(message);
  }
  CheckRows(bytes);
  CheckFilter(bytes);
  return 0;
}
