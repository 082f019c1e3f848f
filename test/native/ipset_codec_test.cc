#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "ipset/decode_entry.h"
#include "ipset/encode_entry.h"
#include "ipset/wire.h"

using namespace director::ipset;
using director::Bytes;

namespace {

// The payload of the DATA nest of an entry.
std::vector<uint8_t> Element(const EntryRow& row) {
  std::array<uint8_t, kMaxElementBytes> room{};
  const size_t size = EncodeEntry(row, Extensions::kInclude, 0, room);
  return {room.begin() + NLA_HDRLEN, room.begin() + size};
}

EntryRow Port(uint8_t host, uint16_t port, uint8_t protocol = 6) {
  EntryRow row{};
  row.fields = kAddress | kPort | kProtocolField;
  row.family = AF_INET;
  row.address[0] = 10;
  row.address[3] = host;
  row.port = port;
  row.protocol = protocol;
  return row;
}

EntryRow Port6(uint8_t host) {
  EntryRow row = Port(0, 443);
  row.family = AF_INET6;
  row.address[0] = 0xfd;
  row.address[15] = host;
  return row;
}

EntryRow Timed(uint8_t host, uint32_t seconds) {
  EntryRow row = Port(host, 80);
  row.fields |= kTimeout;
  row.timeout = seconds;
  return row;
}

EntryRow Commented(const char* comment) {
  EntryRow row = Port(9, 80);
  row.fields |= kComment;
  std::strcpy(row.comment, comment);
  return row;
}

bool Same(const EntryRow& a, const EntryRow& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

TEST_CASE("an element is read the same, whatever element was read before it") {
  const std::vector<EntryRow> rows = {Port(1, 80),     Port(2, 81),     Port(3, 53, 17), Port6(1),
                                      Port6(2),        Timed(4, 60),    Timed(5, 3600),  Commented("a"),
                                      Commented("bc"), Commented("de"), Port(6, 0),      Timed(7, 1),
                                      Port(8, 65535),  Port6(3)};
  EntryReader reader;
  for (const EntryRow& before : rows) {
    for (const EntryRow& row : rows) {
      EntryRow ignored{};
      REQUIRE(reader.Read(Element(before), ignored));
      EntryRow read{};
      REQUIRE(reader.Read(Element(row), read));
      CHECK(Same(read, row));
    }
  }
}

TEST_CASE("an element with another length in a header is not taken for one like the last") {
  EntryReader reader;
  EntryRow row{};
  REQUIRE(reader.Read(Element(Port(1, 80)), row));
  std::vector<uint8_t> element = Element(Port(1, 80));
  // Each byte of the element in turn: what it says is read anew, or refused, but never read beyond its end.
  for (size_t at = 0; at < element.size(); ++at) {
    for (const uint8_t value : {uint8_t{0}, uint8_t{1}, uint8_t{8}, uint8_t{255}}) {
      std::vector<uint8_t> changed = element;
      changed[at] = value;
      EntryRow one{};
      EntryRow other{};
      const bool read = reader.Read(changed, one);
      CHECK(read == EntryReader().Read(changed, other));
      if (read) CHECK(Same(one, other));
      row = {};
      REQUIRE(reader.Read(element, row));
    }
  }
}

TEST_CASE("an element without an attribute is none") {
  EntryReader reader;
  EntryRow row{};
  CHECK_FALSE(reader.Read(Bytes(), row));
  REQUIRE(reader.Read(Element(Port(1, 80)), row));
  row = {};
  CHECK_FALSE(reader.Read(Bytes(), row));
}

TEST_CASE("the prefix of a whole address is none, also where the element before had another") {
  EntryRow part = Port(1, 80);
  part.fields |= kPrefix;
  part.prefix = 24;
  EntryRow whole = part;
  whole.prefix = 32;
  EntryReader reader;
  EntryRow row{};
  REQUIRE(reader.Read(Element(part), row));
  CHECK((row.fields & kPrefix) != 0);
  row = {};
  REQUIRE(reader.Read(Element(whole), row));
  CHECK((row.fields & kPrefix) == 0);
}
