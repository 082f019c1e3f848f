// Any text as an entry of any type of set, and any bytes as an element of a listing: reading and writing stay
// inside them. An entry that was read says the same after encode → decode, and after print → parse.
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <string>

#include "ipset/decode_entry.h"
#include "ipset/encode_entry.h"
#include "ipset/parse_entry.h"
#include "ipset/print_entry.h"
#include "ipset/wire.h"
#include "netlink/message.h"

namespace {

using namespace director;
using namespace director::ipset;

using Buffer = std::array<uint8_t, kMaxElementBytes>;

std::string Printed(const EntryRow& row) {
  std::string text;
  PrintEntry(row, text);
  return text;
}

void CheckSame(const EntryRow& row, const EntryRow& again) {
  if (row.fields != again.fields || Printed(row) != Printed(again)) abort();
}

// What a row becomes on its way through a message.
EntryRow Sent(const EntryRow& row) {
  Buffer buffer;
  const size_t size = EncodeEntry(row, Extensions::kInclude, 1, buffer);
  if (size > buffer.size()) abort();
  netlink::AttributeReader reader(Bytes(buffer).first(size));
  netlink::Attribute data;
  if (!reader.Next(data) || data.type != IPSET_ATTR_DATA) abort();
  EntryRow again{};
  if (!EntryReader().Read(data.payload, again)) abort();
  return again;
}

void CheckText(const EntryRules& rules, std::string_view text) {
  EntryRow row{};
  EntryFault fault;
  if (!ParseEntry(text, rules, {}, row, fault)) {
    if (fault.field.empty() || fault.allowed.empty()) abort();
    return;
  }
  // The kernel lists no order, and a name in quotes may hold blanks.
  if (row.fields & kReference) return;
  CheckSame(row, Sent(row));
  EntryRow again{};
  if (!ParseEntry(Printed(row), rules, {}, again, fault)) abort();
  CheckSame(row, again);
}

void CheckElement(Bytes payload) {
  EntryRow row{};
  if (EntryReader().Read(payload, row)) CheckSame(row, Sent(row));
  // The same, whatever element a reader has seen before.
  const Bytes before = payload.first(payload.size() / 2);
  const Bytes behind = payload.subspan(payload.size() / 2);
  EntryReader reader;
  EntryRow ignored{};
  EntryRow alone{};
  EntryRow second{};
  reader.Read(before, ignored);
  const bool read = reader.Read(behind, second);
  if (read != EntryReader().Read(behind, alone)) abort();
  if (read) CheckSame(alone, second);
}

}  // namespace

// The first byte chooses the type of the set and its family.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto types = SetTypes();
  const SetType& type = types[data[0] % types.size()];
  const bool v6 = data[0] >= 128 && (type.create_options & kFamilyOption);
  const EntryRules rules({&type, static_cast<uint8_t>(v6 ? AF_INET6 : AF_INET), type.newest_revision});
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  // A zero byte ends an entry.
  CheckText(rules, text.substr(0, text.find('\0')));
  CheckElement(Bytes(data, size).subspan(1));
  return 0;
}
