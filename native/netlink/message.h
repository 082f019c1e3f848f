#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "util/bytes.h"

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
  [[nodiscard]] bool ReadBe16(uint16_t& out) const;
  [[nodiscard]] bool ReadBe32(uint32_t& out) const;
  [[nodiscard]] bool ReadBe64(uint64_t& out) const;

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

// Skips a fixed header (genlmsghdr, nfgenmsg, ifaddrmsg …) at the front; empty when there is not enough.
Bytes AfterHeader(Bytes payload, size_t header_size);

}  // namespace director::netlink
