#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "conntrack/decode.h"
#include "conntrack/encode.h"
#include "conntrack/wire.h"
#include "conntrack_messages.h"

using namespace director::conntrack;
using director::Bytes;
using director::netlink::Attribute;
using director::netlink::AttributeReader;
using director::netlink::Message;
using director::netlink::MessageReader;
using director::netlink::MessageWriter;

namespace {

using Buffer = std::array<uint8_t, 1024>;

constexpr uint8_t kProtocols[] = {IPPROTO_TCP,  IPPROTO_UDP,    IPPROTO_UDPLITE,
                                  IPPROTO_SCTP, IPPROTO_DCCP,   IPPROTO_GRE,
                                  IPPROTO_ICMP, IPPROTO_ICMPV6, 99};

WriteRow Creation() {
  WriteRow row{};
  row.kind = WriteKind::kCreate;
  Tuple& original = row.flow.original;
  original.family = AF_INET;
  original.protocol = IPPROTO_UDP;
  original.source[0] = original.destination[0] = 10;
  original.source[3] = 1;
  original.destination[3] = 2;
  original.source_port = 1000;
  original.destination_port = 53;
  row.flow.reply = original;
  std::swap(row.flow.reply.source, row.flow.reply.destination);
  std::swap(row.flow.reply.source_port, row.flow.reply.destination_port);
  row.flow.present = kHasTimeout;
  row.flow.timeout_seconds = 60;
  return row;
}

// Ends the message, the only one; it lives as long as the writer's buffer.
Message Finished(MessageWriter& writer) {
  REQUIRE(writer.Finish());
  MessageReader reader(writer.data());
  Message message;
  REQUIRE(reader.Next(message));
  return message;
}

// The request's message; it lives as long as the buffer.
Message Encode(Buffer& buffer, const WriteRow& row) {
  MessageWriter writer(buffer);
  BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_NEW), row.flow.original.family, NLM_F_CREATE, 1);
  PutWrite(writer, row);
  return Finished(writer);
}

FlowRow RoundTrip(const WriteRow& row) {
  Buffer buffer;
  FlowRow read{};
  REQUIRE(ReadFlow(Encode(buffer, row), read));
  return read;
}

// The attributes of a nest, and of nests in it, in the opposite order.
std::vector<uint8_t> Reversed(Bytes nest) {
  std::vector<uint8_t> reversed;
  AttributeReader reader(nest);
  for (Attribute attribute; reader.Next(attribute);) {
    std::vector<uint8_t> payload(attribute.payload.begin(), attribute.payload.end());
    if (attribute.nested) payload = Reversed(payload);
    const nlattr header = {static_cast<uint16_t>(NLA_HDRLEN + payload.size()), attribute.type};
    payload.resize(NLA_ALIGN(payload.size()));
    const Bytes head = director::BytesOf(header);
    payload.insert(payload.begin(), head.begin(), head.end());
    reversed.insert(reversed.begin(), payload.begin(), payload.end());
  }
  return reversed;
}

bool Same(const Tuple& a, const Tuple& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

TEST_CASE("a flow is read back as it was written, of every protocol and both families") {
  for (const uint8_t protocol : kProtocols) {
    for (const uint8_t family : {AF_INET, AF_INET6}) {
      WriteRow row = Creation();
      for (Tuple* tuple : {&row.flow.original, &row.flow.reply}) {
        tuple->protocol = protocol;
        tuple->family = family;
        if ((FieldsOf(*tuple) & kFieldSourcePort) == 0) tuple->source_port = tuple->destination_port = 0;
        if ((FieldsOf(*tuple) & (kFieldIcmpId | kFieldIcmp6Id)) == 0) continue;
        tuple->icmp_id = 7;
        tuple->icmp_type = 8;
        tuple->icmp_code = 9;
      }
      const FlowRow read = RoundTrip(row);
      CHECK(Same(read.original, row.flow.original));
      CHECK(Same(read.reply, row.flow.reply));
    }
  }
}

TEST_CASE("marks, labels, zones, states and helpers are read back as they were written") {
  WriteRow row = Creation();
  FlowRow& flow = row.flow;
  flow.present |= kHasMark | kHasMarkMask | kHasStatus | kHasZone | kHasLabels | kHasTcp | kHasHelper;
  flow.mark = 0xfedcba98;
  flow.status = 0xe;
  flow.zone = 0xfffe;
  flow.labels_size = sizeof flow.labels;
  flow.labels[15] = 0x80;
  flow.tcp_state = 3;
  director::CopyText("ftp", flow.helper);
  const FlowRow read = RoundTrip(row);
  CHECK(read.mark == 0xfedcba98);
  CHECK(read.status == 0xe);
  CHECK(read.zone == 0xfffe);
  CHECK(read.labels_size == 16);
  CHECK(read.labels[15] == 0x80);
  CHECK(read.tcp_state == 3);
  CHECK(director::TextOf(read.helper) == "ftp");
  CHECK(read.present == (kHasTimeout | kHasMark | kHasStatus | kHasZone | kHasLabels | kHasTcp | kHasHelper));
}

TEST_CASE("labels are never read beyond their field, whatever size a row claims") {
  WriteRow row = Creation();
  row.flow.present |= kHasLabels | kHasLabelsMask;
  row.flow.labels_size = 255;
  CHECK(RoundTrip(row).labels_size == 16);
}

TEST_CASE("a kind of event is told by command and flags") {
  Message message;
  message.type = FlowMessage(IPCTNL_MSG_CT_NEW);
  CHECK(EventOf(message) == EventKind::kUpdate);
  message.flags = NLM_F_CREATE | NLM_F_EXCL;
  CHECK(EventOf(message) == EventKind::kNew);
  message.type = ExpectationMessage(IPCTNL_MSG_EXP_DELETE);
  CHECK(EventOf(message) == EventKind::kDestroy);
  message.type = FlowMessage(IPCTNL_MSG_CT_GET_STATS);
  CHECK(EventOf(message) == EventKind::kNone);
  message.type = NFNL_SUBSYS_IPSET << 8;
  CHECK(EventOf(message) == EventKind::kNone);
}

TEST_CASE("recorded events are read, and no shortened or altered one is read beyond its end") {
  const auto events = director::test::RecordedEvents();
  REQUIRE(events.size() >= 10);
  for (const auto& event : events) {
    MessageReader reader(event);
    Message message;
    REQUIRE(reader.Next(message));
    FlowRow row{};
    CHECK(ReadFlow(message, row));
    CHECK(row.original.family != 0);
    CHECK(EventOf(message) != EventKind::kNone);
    // Copies of their own, so that the sanitizer sees the end.
    for (size_t length = 0; length < message.payload.size(); ++length) {
      const std::vector<uint8_t> shortened(message.payload.begin(),
                                           message.payload.begin() + static_cast<ptrdiff_t>(length));
      Message part = message;
      part.payload = shortened;
      FlowRow other{};
      ReadFlow(part, other);
    }
    for (size_t position = 0; position < message.payload.size(); ++position) {
      std::vector<uint8_t> altered(message.payload.begin(), message.payload.end());
      altered[position] ^= 0xff;
      Message part = message;
      part.payload = altered;
      FlowRow other{};
      ReadFlow(part, other);
    }
  }
}

TEST_CASE("a flow without an original direction, and one with a wrong length, are not read") {
  Buffer buffer;
  WriteRow row = Creation();
  Message message = Encode(buffer, row);
  Message empty = message;
  empty.payload = message.payload.first(sizeof(nfgenmsg));
  FlowRow read{};
  CHECK_FALSE(ReadFlow(empty, read));

  Buffer longer;
  MessageWriter writer(longer);
  BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_NEW), AF_INET, 0, 1);
  PutIdentity(writer, row.flow);
  writer.PutU8(CTA_MARK, 1);
  REQUIRE(writer.Finish());
  MessageReader reader(writer.data());
  REQUIRE(reader.Next(message));
  FlowRow wrong{};
  CHECK_FALSE(ReadFlow(message, wrong));
}

TEST_CASE("a direction reads alike in the layout of this kernel and in any other order") {
  size_t read = 0;
  for (const auto& event : director::test::RecordedEvents()) {
    MessageReader reader(event);
    Message message;
    REQUIRE(reader.Next(message));
    const uint8_t family = message.payload.front();
    AttributeReader attributes(director::netlink::AfterHeader(message.payload, sizeof(nfgenmsg)));
    for (Attribute attribute; attributes.Next(attribute);) {
      if (attribute.type != CTA_TUPLE_ORIG && attribute.type != CTA_TUPLE_REPLY) continue;
      Tuple as_sent{}, reversed{};
      bool zoned = false;
      CHECK(ReadTuple(attribute.payload, family, as_sent, zoned));
      CHECK(ReadTuple(Reversed(attribute.payload), family, reversed, zoned));
      CHECK(Same(as_sent, reversed));
      ++read;
    }
  }
  CHECK(read >= 20);
}

TEST_CASE("a direction with a wrong length inside is not read, however usual it looks") {
  for (const uint8_t family : {AF_INET, AF_INET6}) {
    WriteRow row = Creation();
    row.flow.original.family = row.flow.reply.family = family;
    Buffer buffer;
    const Message message = Encode(buffer, row);
    AttributeReader attributes(director::netlink::AfterHeader(message.payload, sizeof(nfgenmsg)));
    Attribute original;
    REQUIRE(attributes.Next(original));
    Tuple tuple{};
    bool zoned = false;
    CHECK(ReadTuple(original.payload, family, tuple, zoned));
    // Lengths stand in the first two bytes of each header; addresses come first, then the protocol's nest.
    const size_t address = family == AF_INET ? 4 : 16;
    const size_t protocol = NLA_HDRLEN + 2 * (NLA_HDRLEN + address);
    for (const size_t header :
         {size_t{0}, size_t{NLA_HDRLEN}, protocol, protocol + NLA_HDRLEN, protocol + 12}) {
      std::vector<uint8_t> altered(original.payload.begin(), original.payload.end());
      altered[header] ^= 1;
      CHECK_FALSE(ReadTuple(altered, family, tuple, zoned));
    }
  }
}

TEST_CASE("attributes of a newer kernel are skipped") {
  Buffer buffer;
  MessageWriter writer(buffer);
  BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_NEW), AF_INET, 0, 1);
  writer.PutU32(1000, 1);
  PutIdentity(writer, Creation().flow);
  writer.PutBe64(kTimestampEvent, 77);
  FlowRow read{};
  CHECK(ReadFlow(Finished(writer), read));
  CHECK(read.event_ns == 77);
}

TEST_CASE("a synproxy extension without a proxied SYN leaves the row short") {
  const auto read_with = [](uint32_t initial_sequence) {
    Buffer buffer;
    MessageWriter writer(buffer);
    BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_NEW), AF_INET, 0, 1);
    PutIdentity(writer, Creation().flow);
    nlattr* const nest = writer.OpenNest(CTA_SYNPROXY);
    writer.PutBe32(CTA_SYNPROXY_ISN, initial_sequence);
    writer.PutBe32(CTA_SYNPROXY_ITS, 0);
    writer.PutBe32(CTA_SYNPROXY_TSOFF, 0);
    writer.CloseNest(nest);
    FlowRow read{};
    REQUIRE(ReadFlow(Finished(writer), read));
    return read;
  };
  CHECK(FlowRowBytes(read_with(0).present) == FlowRowBytes(0));
  const FlowRow proxied = read_with(5);
  CHECK((proxied.present & kHasSynproxy) != 0);
  CHECK(proxied.synproxy_initial_sequence == 5);
}
