#include "ipset/encode_entry.h"

#include <endian.h>

#include <cassert>

#include "ipset/wire.h"

namespace director::ipset {
namespace {

// Appends attributes to memory that is known to be large enough (kMaxElementBytes). A million elements pass
// through here, so it does not go through libmnl's general, checking calls.
class ElementWriter {
 public:
  explicit ElementWriter(MutableBytes room) : start_(room.data()), end_(room.data()) {
    assert(room.size() >= kMaxElementBytes);
  }

  template <class T>
  void Put(uint16_t type, T value) {
    Header(type, sizeof value);
    std::memcpy(end_, &value, sizeof value);
    Pad(sizeof value);
  }
  void PutBe16(uint16_t type, uint16_t value) { Put(type | NLA_F_NET_BYTEORDER, htobe16(value)); }
  void PutBe32(uint16_t type, uint32_t value) { Put(type | NLA_F_NET_BYTEORDER, htobe32(value)); }
  void PutBe64(uint16_t type, uint64_t value) {
    Put(type | NLA_F_NET_BYTEORDER, static_cast<uint64_t>(htobe64(value)));
  }

  void PutBytes(uint16_t type, const void* bytes, size_t size) {
    Header(type, size);
    std::memcpy(end_, bytes, size);
    Pad(size);
  }

  void PutText(uint16_t type, std::string_view text) {
    Header(type, text.size() + 1);
    std::memcpy(end_, text.data(), text.size());
    end_[text.size()] = 0;
    Pad(text.size() + 1);
  }

  void PutAddress(uint16_t type, uint8_t family, const uint8_t (&address)[16]) {
    uint8_t* nest = Open(type);
    if (family == AF_INET6) {
      PutBytes(IPSET_ATTR_IPADDR_IPV6 | NLA_F_NET_BYTEORDER, address, 16);
    } else {
      PutBytes(IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, address, 4);
    }
    Close(nest);
  }

  uint8_t* Open(uint16_t type) {
    uint8_t* nest = end_;
    Header(type | NLA_F_NESTED, 0);
    return nest;
  }

  void Close(uint8_t* nest) {
    const auto length = static_cast<uint16_t>(end_ - nest);
    std::memcpy(nest, &length, sizeof length);
  }

  size_t size() const { return static_cast<size_t>(end_ - start_); }

 private:
  void Header(int type, size_t payload) {
    const nlattr header{static_cast<uint16_t>(NLA_HDRLEN + payload), static_cast<uint16_t>(type)};
    std::memcpy(end_, &header, sizeof header);
    end_ += NLA_HDRLEN;
  }

  void Pad(size_t size) {
    const size_t padded = NLA_ALIGN(size);
    std::memset(end_ + size, 0, padded - size);
    end_ += padded;
  }

  uint8_t* start_;
  uint8_t* end_;
};

void PutElement(ElementWriter& writer, const EntryRow& row) {
  const uint32_t fields = row.fields;
  if (fields & kAddress) writer.PutAddress(IPSET_ATTR_IP, row.family, row.address);
  if (fields & kAddressTo) writer.PutAddress(IPSET_ATTR_IP_TO, row.family, row.address_to);
  if (fields & kPrefix) writer.Put(IPSET_ATTR_CIDR, row.prefix);
  if (fields & kPort) writer.PutBe16(IPSET_ATTR_PORT, row.port);
  if (fields & kPortTo) writer.PutBe16(IPSET_ATTR_PORT_TO, row.port_to);
  if (fields & kProtocolField) writer.Put(IPSET_ATTR_PROTO, row.protocol);
  if (fields & kMark) writer.PutBe32(IPSET_ATTR_MARK, row.mark);
  if (fields & kMac) writer.PutBytes(IPSET_ATTR_ETHER, row.mac, sizeof row.mac);
  if (fields & kAddress2) writer.PutAddress(IPSET_ATTR_IP2, row.family, row.address2);
  if (fields & kAddress2To) writer.PutAddress(IPSET_ATTR_IP2_TO, row.family, row.address2_to);
  if (fields & kPrefix2) writer.Put(IPSET_ATTR_CIDR2, row.prefix2);
  if (fields & kInterface) writer.PutText(IPSET_ATTR_IFACE, TextOf(row.name));
  if (fields & kMember) writer.PutText(IPSET_ATTR_NAME, TextOf(row.name));
  if (fields & kReference) writer.PutText(IPSET_ATTR_NAMEREF, TextOf(row.reference));
}

constexpr uint32_t kFlagFields = kNoMatch | kPhysicalDevice | kWildcard | kBefore;

void PutFlags(ElementWriter& writer, uint32_t fields) {
  uint32_t flags = 0;
  if (fields & kBefore) flags |= IPSET_FLAG_BEFORE;
  if (fields & kPhysicalDevice) flags |= IPSET_FLAG_PHYSDEV;
  if (fields & kNoMatch) flags |= IPSET_FLAG_NOMATCH;
  if (fields & kWildcard) flags |= IPSET_FLAG_IFACE_WILDCARD;
  if (flags != 0) writer.PutBe32(IPSET_ATTR_CADT_FLAGS, flags);
}

void PutExtensions(ElementWriter& writer, const EntryRow& row) {
  const uint32_t fields = row.fields;
  if (fields & kTimeout) writer.PutBe32(IPSET_ATTR_TIMEOUT, row.timeout);
  if (fields & kPackets) writer.PutBe64(IPSET_ATTR_PACKETS, row.packets);
  if (fields & kBytes) writer.PutBe64(IPSET_ATTR_BYTES, row.bytes);
  if (fields & kComment) writer.PutText(IPSET_ATTR_COMMENT, TextOf(row.comment));
  if (fields & kSkbMark) {
    writer.PutBe64(IPSET_ATTR_SKBMARK, static_cast<uint64_t>(row.skb_mark) << 32 | row.skb_mask);
  }
  if (fields & kSkbPriority) writer.PutBe32(IPSET_ATTR_SKBPRIO, row.skb_priority);
  if (fields & kSkbQueue) writer.PutBe16(IPSET_ATTR_SKBQUEUE, row.skb_queue);
}

}  // namespace

size_t EncodeEntry(const EntryRow& row, Extensions extensions, uint32_t line, MutableBytes room) {
  ElementWriter writer(room);
  uint8_t* data = writer.Open(IPSET_ATTR_DATA);
  PutElement(writer, row);
  if (row.fields & kFlagFields) PutFlags(writer, row.fields);
  if (extensions == Extensions::kInclude && row.fields & kExtensions) PutExtensions(writer, row);
  // Opaque to the kernel, which sends it back as it came.
  if (line != 0) writer.Put(IPSET_ATTR_CADT_LINENO, line);
  writer.Close(data);
  return writer.size();
}

}  // namespace director::ipset
