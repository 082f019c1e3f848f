#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "ipvs/decode.h"
#include "ipvs/encode.h"

using namespace director::ipvs;
using director::Bytes;
using director::netlink::Message;
using director::netlink::MessageReader;
using director::netlink::MessageWriter;

namespace {

// The service as it comes back when what we send is read as a reply.
ServiceRow RoundTrip(const ServiceConfig& service) {
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutOperation(writer, 28, 1, {OperationKind::kAddService, service, {}}));
  MessageReader reader(writer.data());
  Message message;
  ServiceRow row;
  REQUIRE(reader.Next(message));
  REQUIRE(ReadService(message.payload, row));
  return row;
}

}  // namespace

TEST_CASE("an IPv4 mask comes back as it was sent, also one with a hole") {
  for (const uint32_t mask : {0u, 0x80000000u, 0xffffff00u, 0xff00ff00u, 0xffffffffu}) {
    ServiceConfig service = {};
    service.key.family = AF_INET;
    service.netmask = mask;
    CHECK(RoundTrip(service).config.netmask == mask);
  }
}

TEST_CASE("an IPv4 mask is sent in network order") {
  ServiceConfig service = {};
  service.key.family = AF_INET;
  service.netmask = 0xff00fe00;
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutOperation(writer, 28, 1, {OperationKind::kAddService, service, {}}));
  const std::array<uint8_t, 4> wire = {0xff, 0x00, 0xfe, 0x00};
  const Bytes sent = writer.data();
  CHECK(std::search(sent.begin(), sent.end(), wire.begin(), wire.end()) != sent.end());
}

TEST_CASE("an IPv6 prefix length is sent as it is") {
  ServiceConfig service = {};
  service.key.family = AF_INET6;
  service.netmask = 64;
  CHECK(RoundTrip(service).config.netmask == 64);
}

TEST_CASE("text that fills its field without a terminating zero is sent whole") {
  ServiceConfig service = {};
  service.key.family = AF_INET;
  std::fill(std::begin(service.scheduler), std::end(service.scheduler) - 1, 's');
  CHECK(director::TextOf(RoundTrip(service).config.scheduler) == "sssssssssssssss");
}

TEST_CASE("a service of another family than IPv4 and IPv6 is refused") {
  ServiceConfig service = {};
  service.key.family = AF_UNIX;
  std::array<uint8_t, 512> buffer;
  MessageWriter writer(buffer);
  REQUIRE(PutOperation(writer, 28, 1, {OperationKind::kAddService, service, {}}));
  MessageReader reader(writer.data());
  Message message;
  ServiceRow row;
  REQUIRE(reader.Next(message));
  CHECK_FALSE(ReadService(message.payload, row));
}
