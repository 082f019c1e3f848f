// Any bytes as a datagram: reading stays inside them, and what was read survives decode → encode → decode.
#include "netlink/message.h"

#include <cstdlib>
#include <optional>
#include <vector>

#include "netlink/acknowledgement.h"
#include "netlink/writer.h"

namespace {

using namespace director;
using namespace director::netlink;

constexpr int kDeepest = 8;

struct DecodedAttribute {
  uint16_t type;
  std::vector<uint8_t> payload;            // of a leaf
  std::vector<DecodedAttribute> children;  // of a nest

  bool operator==(const DecodedAttribute&) const = default;
};

struct DecodedMessage {
  uint16_t type;
  uint16_t flags;
  uint32_t sequence;
  std::vector<uint8_t> header;  // of genl's or nfnetlink's size; empty when there was not enough
  std::vector<DecodedAttribute> attributes;

  bool operator==(const DecodedMessage&) const = default;
};

// Every accessor has to stay inside the payload, whatever its length.
void Touch(const Attribute& attribute) {
  uint16_t u16 = 0;
  uint32_t u32 = 0;
  uint64_t u64 = 0;
  volatile bool read = attribute.ReadBe16(u16) || attribute.ReadBe32(u32) || attribute.ReadBe64(u64);
  volatile size_t length = attribute.Text().size();
  (void)read;
  (void)length;
}

// Whether a whole run of attributes is well formed: only then is a nest taken apart.
bool WellFormed(Bytes bytes) {
  AttributeReader reader(bytes);
  for (Attribute attribute; reader.Next(attribute);) Touch(attribute);
  return !reader.malformed();
}

std::vector<DecodedAttribute> DecodeAttributes(Bytes bytes, int depth) {
  std::vector<DecodedAttribute> decoded;
  AttributeReader reader(bytes);
  for (Attribute attribute; reader.Next(attribute);) {
    const uint16_t order = attribute.net_byte_order ? NLA_F_NET_BYTEORDER : 0;
    const Bytes payload = attribute.payload;
    DecodedAttribute& item = decoded.emplace_back();
    item.type = attribute.type | order;
    if (attribute.nested && depth < kDeepest && !payload.empty() && WellFormed(payload)) {
      item.children = DecodeAttributes(payload, depth + 1);
    } else {
      item.type |= attribute.nested ? NLA_F_NESTED : 0;
      item.payload.assign(payload.begin(), payload.end());
    }
  }
  return decoded;
}

std::vector<DecodedMessage> Decode(Bytes datagram) {
  std::vector<DecodedMessage> decoded;
  MessageReader reader(datagram);
  for (Message message; reader.Next(message);) {
    Acknowledgement acknowledgement;
    if (ParseAcknowledgement(message, acknowledgement) && acknowledgement.request.size() > datagram.size())
      abort();
    DecodedMessage& item = decoded.emplace_back();
    item.type = message.type;
    item.flags = message.flags;
    item.sequence = message.sequence;
    if (message.payload.size() < sizeof(uint32_t)) continue;
    item.header.assign(message.payload.begin(), message.payload.begin() + sizeof(uint32_t));
    item.attributes = DecodeAttributes(AfterHeader(message.payload, sizeof(uint32_t)), 0);
  }
  return decoded;
}

void Encode(MessageWriter& writer, const std::vector<DecodedAttribute>& attributes) {
  for (const DecodedAttribute& attribute : attributes) {
    if (attribute.children.empty()) {
      writer.Put(attribute.type, attribute.payload);
      continue;
    }
    nlattr* nest = writer.OpenNest(attribute.type);
    Encode(writer, attribute.children);
    writer.CloseNest(nest);
  }
}

void Encode(MessageWriter& writer, const DecodedMessage& message) {
  if (!writer.Begin(message.type, message.flags, message.sequence)) abort();
  if (!message.header.empty()) {
    auto* header = writer.Header<uint32_t>();
    if (header == nullptr) abort();
    std::memcpy(header, message.header.data(), sizeof *header);
  }
  Encode(writer, message.attributes);
  if (!writer.Finish()) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto decoded = Decode({data, size});
  // Padding can add up to three bytes to each item, and the smallest item has four.
  std::vector<uint8_t> buffer(2 * size + NLMSG_HDRLEN);
  MessageWriter writer(buffer);
  for (const DecodedMessage& message : decoded) Encode(writer, message);
  if (Decode(writer.data()) != decoded) abort();
  return 0;
}
