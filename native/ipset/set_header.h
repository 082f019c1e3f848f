#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ipset/records.h"
#include "ipset/set_type.h"
#include "netlink/message.h"
#include "netlink/writer.h"

namespace director::ipset {

// What `create` can be told, and what a listing says of a set. What is not there was not said.
struct SetOptions {
  std::optional<uint32_t> hash_size;
  std::optional<uint32_t> max_elements;
  std::optional<uint8_t> bucket_size;
  std::optional<uint32_t> initial_value;
  std::optional<uint8_t> netmask;
  struct Address {
    uint8_t family = 0;
    uint8_t bytes[16] = {};
  };
  std::optional<Address> bitmask;
  std::optional<uint32_t> mark_mask;
  std::optional<Address> first_address;
  std::optional<Address> last_address;
  std::optional<uint16_t> first_port;
  std::optional<uint16_t> last_port;
  std::optional<uint32_t> size;
  std::optional<uint32_t> timeout;
  bool counters = false;
  bool comment = false;
  bool force_add = false;
  bool skb_info = false;
};

struct SetHeader {
  std::string name;
  std::string type;
  uint8_t family = 0;
  uint8_t revision = 0;
  SetOptions options;
  uint32_t elements = 0;
  uint32_t references = 0;
  uint32_t memory_bytes = 0;
};

// Appends the DATA nest of a CREATE request.
void PutSetOptions(netlink::MessageWriter& writer, const SetOptions& options);

// Reads name, type, family, revision and, where they are there, the options from one message of a listing (or
// from the answer to HEADER). False when an attribute has a wrong length.
bool ReadSetHeader(Bytes payload, SetHeader& header);

// "create NAME TYPE …", as `ipset save` writes it, without a line end.
std::string PrintCreate(const SetHeader& header);

// How much of an EntryRow the entries of such a set fill.
size_t RowBytes(const SetHeader& header);

}  // namespace director::ipset
