#include "netlink/message.h"

#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "netlink/writer.h"

using director::Bytes;
using director::netlink::AfterHeader;
using director::netlink::Attribute;
using director::netlink::AttributeReader;
using director::netlink::Message;
using director::netlink::MessageReader;
using director::netlink::MessageWriter;

namespace {

// A message as the kernel lays it out, with any length in its header.
std::vector<uint8_t> RawMessage(uint32_t claimed_length, size_t actual_length) {
  std::vector<uint8_t> bytes(actual_length);
  const nlmsghdr header = {claimed_length, 7, 0, 3, 0};
  std::memcpy(bytes.data(), &header, std::min(sizeof header, actual_length));
  return bytes;
}

std::vector<uint8_t> RawAttribute(uint16_t claimed_length, size_t actual_length) {
  std::vector<uint8_t> bytes(actual_length);
  const nlattr header = {claimed_length, 1};
  std::memcpy(bytes.data(), &header, std::min(sizeof header, actual_length));
  return bytes;
}

}  // namespace

TEST_CASE("an empty datagram holds no message and is not malformed") {
  MessageReader reader{Bytes{}};
  Message message;
  CHECK_FALSE(reader.Next(message));
  CHECK_FALSE(reader.malformed());
}

TEST_CASE("a datagram shorter than a header is malformed") {
  for (size_t size = 1; size < NLMSG_HDRLEN; ++size) {
    const auto bytes = RawMessage(NLMSG_HDRLEN, size);
    MessageReader reader(bytes);
    Message message;
    CHECK_FALSE(reader.Next(message));
    CHECK(reader.malformed());
  }
}

TEST_CASE("a message that claims less than its header, or more than there is, is malformed") {
  for (const uint32_t claimed : {0u, 1u, 15u, 25u, 0xffffffffu}) {
    const auto bytes = RawMessage(claimed, 24);
    MessageReader reader(bytes);
    Message message;
    CHECK_FALSE(reader.Next(message));
    CHECK(reader.malformed());
  }
}

TEST_CASE("the last message may lack its padding") {
  const auto bytes = RawMessage(18, 18);
  MessageReader reader(bytes);
  Message message;
  REQUIRE(reader.Next(message));
  CHECK(message.payload.size() == 2);
  CHECK_FALSE(reader.Next(message));
  CHECK_FALSE(reader.malformed());
}

TEST_CASE("messages before a malformed one are read") {
  auto bytes = RawMessage(20, 20);
  const auto broken = RawMessage(99, 16);
  bytes.insert(bytes.end(), broken.begin(), broken.end());
  MessageReader reader(bytes);
  Message message;
  CHECK(reader.Next(message));
  CHECK(message.type == 7);
  CHECK(message.sequence == 3);
  CHECK_FALSE(reader.Next(message));
  CHECK(reader.malformed());
}

TEST_CASE("an attribute that claims less than its header, or more than there is, is malformed") {
  for (const uint16_t claimed : {0, 3, 9, 0xffff}) {
    const auto bytes = RawAttribute(claimed, 8);
    AttributeReader reader(bytes);
    Attribute attribute;
    CHECK_FALSE(reader.Next(attribute));
    CHECK(reader.malformed());
  }
}

TEST_CASE("an integer is read only from a payload of exactly its size") {
  const std::array<uint8_t, 5> bytes = {1, 2, 3, 4, 5};
  uint32_t value = 42;
  for (const size_t size : {0u, 3u, 5u}) {
    Attribute attribute;
    attribute.payload = Bytes(bytes).first(size);
    CHECK_FALSE(attribute.Read(value));
    CHECK_FALSE(attribute.ReadBe32(value));
    CHECK(value == 42);
  }
}

TEST_CASE("text ends at its zero byte, or at the end of the payload") {
  const std::array<uint8_t, 4> bytes = {'r', 'r', 0, 'x'};
  Attribute attribute;
  attribute.payload = bytes;
  CHECK(attribute.Text() == "rr");
  attribute.payload = Bytes(bytes).first(2);
  CHECK(attribute.Text() == "rr");
  attribute.payload = {};
  CHECK(attribute.Text().empty());
}

TEST_CASE("a fixed header is skipped with its padding, and too little is nothing") {
  const std::array<uint8_t, 8> bytes = {};
  CHECK(AfterHeader(bytes, 4).size() == 4);
  CHECK(AfterHeader(bytes, 5).empty());
  CHECK(AfterHeader(bytes, 9).empty());
}

TEST_CASE("what the writer wrote, the reader reads") {
  std::array<uint8_t, 256> buffer;
  MessageWriter writer(buffer);
  REQUIRE(writer.Begin(30, NLM_F_REQUEST, 11));
  nlattr* nest = writer.OpenNest(2);
  writer.PutBe16(3, 80);
  writer.PutText(4, "wlc");
  writer.CloseNest(nest);
  REQUIRE(writer.Finish());

  MessageReader messages(writer.data());
  Message message;
  REQUIRE(messages.Next(message));
  CHECK(message.type == 30);
  AttributeReader outer(message.payload);
  Attribute attribute;
  REQUIRE(outer.Next(attribute));
  CHECK(attribute.type == 2);
  CHECK(attribute.nested);
  AttributeReader inner(attribute.payload);
  uint16_t port = 0;
  REQUIRE(inner.Next(attribute));
  CHECK(attribute.ReadBe16(port));
  CHECK(port == 80);
  REQUIRE(inner.Next(attribute));
  CHECK(attribute.Text() == "wlc");
}

TEST_CASE("a message that does not fit is dropped whole, and the ones before it stay") {
  std::array<uint8_t, 64> buffer;
  MessageWriter writer(buffer);
  REQUIRE(writer.Begin(1, 0, 1));
  REQUIRE(writer.Finish());
  const std::array<uint8_t, 40> payload = {};
  REQUIRE(writer.Begin(2, 0, 2));
  writer.Put(1, payload);
  CHECK(writer.overflowed());
  CHECK_FALSE(writer.Finish());
  CHECK(writer.size() == NLMSG_HDRLEN);
}
