#include <doctest/doctest.h>
#include <sys/socket.h>

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

TEST_CASE("an IPv4 prefix length is sent as a mask and read back as a length") {
  for (const uint32_t length : {0u, 1u, 24u, 32u}) {
    ServiceConfig service = {};
    service.key.family = AF_INET;
    service.prefix_length = length;
    CHECK(RoundTrip(service).config.prefix_length == length);
  }
}

TEST_CASE("an IPv4 prefix length beyond 32 means the whole address") {
  ServiceConfig service = {};
  service.key.family = AF_INET;
  service.prefix_length = 200;
  CHECK(RoundTrip(service).config.prefix_length == 32);
}

TEST_CASE("an IPv6 prefix length is sent as it is") {
  ServiceConfig service = {};
  service.key.family = AF_INET6;
  service.prefix_length = 64;
  CHECK(RoundTrip(service).config.prefix_length == 64);
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
