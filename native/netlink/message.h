#pragma once

#include <endian.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "util/bytes.h"

// Reading is inline: an event has some thirty attributes, and there are hundreds of thousands a second.
namespace director::netlink {

// One netlink message inside a received datagram; `payload` follows the nlmsghdr.
struct Message {
  uint16_t type = 0;
  uint16_t flags = 0;
  uint32_t sequence = 0;
  uint32_t port = 0;
  Bytes payload;
};

// Walks the messages of one datagram. A header that claims more than there is ends the walk and sets
// malformed(); messages before it stay good. A missing pad after the last message is allowed, the kernel
// sends it so.
class MessageReader {
 public:
  explicit MessageReader(Bytes datagram) : rest_(datagram) {}

  bool Next(Message& message);
  bool malformed() const { return malformed_; }

 private:
  Bytes rest_;
  bool malformed_ = false;
};

// One attribute; `type` is without the NLA_F_* bits.
struct Attribute {
  uint16_t type = 0;
  bool nested = false;
  bool net_byte_order = false;
  Bytes payload;

  // Copies a host-order integer out; false, and `out` untouched, when the length is not exactly right.
  template <class T>
  [[nodiscard]] bool Read(T& out) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (payload.size() != sizeof(T)) return false;
    std::memcpy(&out, payload.data(), sizeof(T));
    return true;
  }
  [[nodiscard]] bool ReadBe16(uint16_t& out) const { return Read(out) && ((out = be16toh(out)), true); }
  [[nodiscard]] bool ReadBe32(uint32_t& out) const { return Read(out) && ((out = be32toh(out)), true); }
  [[nodiscard]] bool ReadBe64(uint64_t& out) const { return Read(out) && ((out = be64toh(out)), true); }

  // The text up to its terminating zero, or to the end where there is none.
  std::string_view Text() const;
};

// Walks attributes, in a message or a nest. Ends and sets malformed() at one that claims more than there is.
class AttributeReader {
 public:
  explicit AttributeReader(Bytes attributes) : rest_(attributes) {}

  bool Next(Attribute& attribute);
  bool malformed() const { return malformed_; }

 private:
  Bytes rest_;
  bool malformed_ = false;
};

// Drops `length` bytes and the padding behind them; the padding of the last item may be missing.
inline Bytes Skip(Bytes bytes, size_t length) {
  return bytes.subspan(std::min<size_t>(NLMSG_ALIGN(length), bytes.size()));
}

// Skips a fixed header (genlmsghdr, nfgenmsg, ifaddrmsg …) at the front; empty when there is not enough.
inline Bytes AfterHeader(Bytes payload, size_t header_size) {
  const size_t padded = NLMSG_ALIGN(header_size);
  return payload.size() < padded ? Bytes{} : payload.subspan(padded);
}

inline bool MessageReader::Next(Message& message) {
  if (rest_.empty() || malformed_) return false;
  nlmsghdr header;
  if (rest_.size() < sizeof header) {
    malformed_ = true;
    return false;
  }
  std::memcpy(&header, rest_.data(), sizeof header);
  if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest_.size()) {
    malformed_ = true;
    return false;
  }
  message = {header.nlmsg_type, header.nlmsg_flags, header.nlmsg_seq, header.nlmsg_pid,
             rest_.subspan(sizeof header, header.nlmsg_len - sizeof header)};
  rest_ = Skip(rest_, header.nlmsg_len);
  return true;
}

inline bool AttributeReader::Next(Attribute& attribute) {
  if (rest_.empty() || malformed_) return false;
  nlattr header;
  if (rest_.size() < sizeof header) {
    malformed_ = true;
    return false;
  }
  std::memcpy(&header, rest_.data(), sizeof header);
  if (header.nla_len < sizeof header || header.nla_len > rest_.size()) {
    malformed_ = true;
    return false;
  }
  attribute = {static_cast<uint16_t>(header.nla_type & NLA_TYPE_MASK), (header.nla_type & NLA_F_NESTED) != 0,
               (header.nla_type & NLA_F_NET_BYTEORDER) != 0,
               rest_.subspan(sizeof header, header.nla_len - sizeof header)};
  rest_ = Skip(rest_, header.nla_len);
  return true;
}

}  // namespace director::netlink
