#include <doctest/doctest.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "netlink/message.h"
#include "route/address_source.h"
#include "route/decode.h"
#include "route/encode.h"

using namespace director;
using namespace director::route;
using netlink::Append;
using netlink::Attribute;
using netlink::AttributeReader;
using netlink::Message;
using netlink::MessageReader;
using netlink::MessageWriter;

namespace {

AddressRow AddressOf(AddressChange change, const char* link, uint8_t last) {
  AddressRow row{};
  row.change = change;
  row.valid_seconds = row.preferred_seconds = kForever;
  row.family = AF_INET;
  row.prefix_length = 32;
  const uint8_t address[] = {10, 0, 0, last};
  std::copy(std::begin(address), std::end(address), row.address);
  std::copy(std::begin(address), std::end(address), row.peer);
  CopyText(link, row.link);
  return row;
}

// The only message in the writer.
Message Written(const MessageWriter& writer) {
  MessageReader reader(writer.data());
  Message message;
  REQUIRE(reader.Next(message));
  return message;
}

template <class T>
T HeaderOf(const Message& message) {
  T header;
  REQUIRE(message.payload.size() >= sizeof header);
  std::memcpy(&header, message.payload.data(), sizeof header);
  return header;
}

bool HasAttribute(const Message& message, size_t header, uint16_t type) {
  AttributeReader reader(netlink::AfterHeader(message.payload, header));
  for (Attribute attribute; reader.Next(attribute);) {
    if (attribute.type == type) return true;
  }
  return false;
}

// A reply about an address as the kernel builds it.
template <class Attributes>
std::vector<uint8_t> AddressReply(uint8_t family, Attributes&& put) {
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(writer.Begin(RTM_NEWADDR, 0, 1));
  auto* header = writer.Header<ifaddrmsg>();
  header->ifa_family = family;
  header->ifa_prefixlen = 24;
  header->ifa_index = 7;
  put(writer);
  REQUIRE(writer.Finish());
  const Message message = Written(writer);
  return {message.payload.begin(), message.payload.end()};
}

}  // namespace

TEST_CASE("an address that was written to a request reads back the same") {
  AddressRow row = AddressOf(AddressChange::kAdd, "dummy0", 1);
  row.flags = IFA_F_NODAD;
  row.valid_seconds = 600;
  row.preferred_seconds = 300;
  row.scope = RT_SCOPE_LINK;
  row.has_broadcast = 1;
  row.broadcast[0] = 10;
  CopyText("dummy0:1", row.label);
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutAddressChange(writer, 5, row, 7));

  const Message message = Written(writer);
  CHECK(message.type == RTM_NEWADDR);
  CHECK(message.flags == (NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL));
  AddressRow read;
  uint32_t index = 0;
  REQUIRE(ReadAddress(message.payload, read, index));
  CHECK(index == 7);
  read.change = row.change;
  CopyText("dummy0", read.link);
  CHECK(std::memcmp(&read, &row, sizeof row) == 0);
}

TEST_CASE("flags that belong to the kernel are not sent back to it") {
  AddressRow row = AddressOf(AddressChange::kAdd, "lo", 1);
  row.flags = IFA_F_PERMANENT | IFA_F_TENTATIVE;
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutAddressChange(writer, 1, row, 1));
  CHECK_FALSE(HasAttribute(Written(writer), sizeof(ifaddrmsg), IFA_FLAGS));
}

TEST_CASE("a removal names the address and nothing else") {
  AddressRow row = AddressOf(AddressChange::kRemove, "lo", 1);
  row.valid_seconds = 60;
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutAddressChange(writer, 1, row, 1));
  const Message message = Written(writer);
  CHECK(message.type == RTM_DELADDR);
  CHECK(message.flags == NLM_F_REQUEST);
  CHECK(HasAttribute(message, sizeof(ifaddrmsg), IFA_LOCAL));
  CHECK_FALSE(HasAttribute(message, sizeof(ifaddrmsg), IFA_CACHEINFO));
}

TEST_CASE("an IPv6 address without a peer is its own peer") {
  const in6_addr address = IN6ADDR_LOOPBACK_INIT;
  const auto reply =
      AddressReply(AF_INET6, [&](MessageWriter& writer) { writer.Put(IFA_ADDRESS, BytesOf(address)); });
  AddressRow row;
  uint32_t index;
  REQUIRE(ReadAddress(reply, row, index));
  CHECK(std::memcmp(row.address, &address, sizeof address) == 0);
  CHECK(std::memcmp(row.peer, &address, sizeof address) == 0);
  CHECK(row.valid_seconds == kForever);
}

TEST_CASE("the flags attribute outranks the header, which has only eight bits for them") {
  const uint32_t local = 0x0100007f;
  const uint32_t flags = IFA_F_NOPREFIXROUTE | IFA_F_PERMANENT;
  const auto reply = AddressReply(AF_INET, [&](MessageWriter& writer) {
    writer.PutU32(IFA_LOCAL, local);
    writer.PutU32(IFA_FLAGS, flags);
  });
  AddressRow row;
  uint32_t index;
  REQUIRE(ReadAddress(reply, row, index));
  CHECK(row.flags == flags);
}

TEST_CASE("an address reply with a length that does not fit its family is refused") {
  const auto wrong = AddressReply(AF_INET6, [](MessageWriter& writer) { writer.PutU32(IFA_ADDRESS, 1); });
  const auto none = AddressReply(AF_INET, [](MessageWriter&) {});
  AddressRow row;
  uint32_t index;
  CHECK_FALSE(ReadAddress(wrong, row, index));
  CHECK_FALSE(ReadAddress(none, row, index));
  CHECK_FALSE(ReadAddress(Bytes(none).first(sizeof(ifaddrmsg) - 1), row, index));
}

TEST_CASE("a link request carries name, kind and state; a reply of that form reads back") {
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutCreateLink(writer, 1, "kube-ipvs0", "dummy", Admin::kUp));
  const Message message = Written(writer);
  CHECK((message.flags & NLM_F_EXCL) != 0);
  const auto header = HeaderOf<ifinfomsg>(message);
  CHECK(header.ifi_change == IFF_UP);
  CHECK(header.ifi_flags == IFF_UP);
  LinkRow row;
  REQUIRE(ReadLink(message.payload, row));
  CHECK(TextOf(row.name) == "kube-ipvs0");
  CHECK(TextOf(row.kind) == "dummy");
}

TEST_CASE("setting a link down changes that one flag") {
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutSetLink(writer, 1, "lo", Admin::kDown));
  const auto header = HeaderOf<ifinfomsg>(Written(writer));
  CHECK(header.ifi_change == IFF_UP);
  CHECK(header.ifi_flags == 0);
}

TEST_CASE("a probe for a kind of link cannot create one: its hardware address is a multicast address") {
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutProbeKind(writer, 1, "dummy"));
  AttributeReader reader(netlink::AfterHeader(Written(writer).payload, sizeof(ifinfomsg)));
  Attribute attribute;
  REQUIRE(reader.Next(attribute));
  REQUIRE(attribute.type == IFLA_ADDRESS);
  CHECK((attribute.payload[0] & 1) == 1);
}

TEST_CASE("a link reply without a name, or cut short, is refused") {
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutDumpLinks(writer, 1));
  const Message message = Written(writer);
  LinkRow row;
  CHECK_FALSE(ReadLink(message.payload, row));
  CHECK_FALSE(ReadLink(message.payload.first(sizeof(ifinfomsg) - 1), row));
}

TEST_CASE("a hardware address longer than Ethernet's is left out, not cut") {
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(writer.Begin(RTM_NEWLINK, 0, 1));
  writer.Header<ifinfomsg>();
  writer.PutText(IFLA_IFNAME, "ib0");
  writer.Put(IFLA_ADDRESS, std::array<uint8_t, 20>{1});
  REQUIRE(writer.Finish());
  LinkRow row;
  REQUIRE(ReadLink(Written(writer).payload, row));
  CHECK(row.hardware_size == 0);
}

TEST_CASE("rows of several tables become one message each, with the index of their link") {
  const std::vector<AddressRow> first = {AddressOf(AddressChange::kAdd, "a", 1),
                                         AddressOf(AddressChange::kAdd, "b", 2)};
  const std::vector<AddressRow> second = {AddressOf(AddressChange::kRemove, "gone", 3)};
  const std::vector<Bytes> tables = {
      {reinterpret_cast<const uint8_t*>(first.data()), first.size() * sizeof(AddressRow)},
      {reinterpret_cast<const uint8_t*>(second.data()), second.size() * sizeof(AddressRow)}};
  LinkIndices links = NamedLinks(tables);
  REQUIRE(links.size() == 3);
  links["a"] = 11;
  links["b"] = 12;

  AddressSource source(tables, links);
  std::array<uint8_t, 1024> buffer;
  MessageWriter writer(buffer);
  for (uint32_t sequence = 100; sequence < 103; ++sequence) {
    REQUIRE(source.Next(writer, sequence) == Append::kMessage);
  }
  CHECK(source.Next(writer, 103) == Append::kEnd);
  std::vector<uint32_t> indices;
  MessageReader reader(writer.data());
  for (Message message; reader.Next(message);) indices.push_back(HeaderOf<ifaddrmsg>(message).ifa_index);
  CHECK(indices == std::vector<uint32_t>{11, 12, 0});
  CHECK(source.TakeReport().attempted == 3);
}

TEST_CASE("a row that does not fit is offered again, and lost replies do not hide a known refusal") {
  const std::vector<AddressRow> rows = {AddressOf(AddressChange::kAdd, "a", 1),
                                        AddressOf(AddressChange::kAdd, "a", 2)};
  const std::vector<Bytes> tables = {
      {reinterpret_cast<const uint8_t*>(rows.data()), rows.size() * sizeof(AddressRow)}};
  AddressSource source(tables, NamedLinks(tables));
  std::array<uint8_t, 64> buffer;
  MessageWriter writer(buffer);
  REQUIRE(source.Next(writer, 1) == Append::kMessage);
  REQUIRE(source.Next(writer, 2) == Append::kFull);
  writer.Clear();
  REQUIRE(source.Next(writer, 2) == Append::kMessage);

  source.Refused(2, {EEXIST, 2, RTM_NEWADDR, {}, "there"});
  source.Lost(1, 2);
  const auto report = source.TakeReport();
  REQUIRE(report.refused.size() == 2);
  CHECK(report.refused[0].operation == 1);
  CHECK(report.refused[0].code == EEXIST);
  CHECK(report.refused[1].operation == 0);
  CHECK(report.refused[1].code == 0);
}
