#pragma once

#include <libmnl/libmnl.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "util/bytes.h"

namespace director::netlink {

// Appends messages to a fixed buffer through libmnl. What does not fit sets overflowed() and is rolled back
// by Abandon(); the buffer never grows, so a caller sizes its datagrams first.
class MessageWriter {
 public:
  explicit MessageWriter(MutableBytes buffer) : buffer_(buffer) {}

  // Starts a message behind those already finished. False when not even the header fits.
  bool Begin(uint16_t type, uint16_t flags, uint32_t sequence);
  // Room for a fixed header right behind the nlmsghdr, zeroed; null on overflow.
  template <class T>
  T* Header() {
    return static_cast<T*>(ExtraHeader(sizeof(T)));
  }
  // Closes the message; false (and the message is dropped) when something did not fit.
  bool Finish();
  // Drops the unfinished message.
  void Abandon();

  void Put(uint16_t type, Bytes payload);
  void PutU8(uint16_t type, uint8_t value) { PutValue(type, value); }
  void PutU16(uint16_t type, uint16_t value) { PutValue(type, value); }
  void PutU32(uint16_t type, uint32_t value) { PutValue(type, value); }
  void PutBe16(uint16_t type, uint16_t value) { PutU16(type, htobe16(value)); }
  void PutBe32(uint16_t type, uint32_t value) { PutU32(type, htobe32(value)); }
  void PutBe64(uint16_t type, uint64_t value) { PutValue(type, static_cast<uint64_t>(htobe64(value))); }
  // A string with its terminating zero.
  void PutText(uint16_t type, std::string_view text);

  // A nest is open until it is closed; nlattr is null after an overflow, which closing tolerates.
  nlattr* OpenNest(uint16_t type);
  void CloseNest(nlattr* nest);

  // For hot encoders: the room behind what the open message has so far (none after an overflow), and taking
  // `size` bytes of it, whole attributes, into the message.
  MutableBytes Tail();
  void Extend(size_t size) { message_->nlmsg_len += static_cast<uint32_t>(size); }

  bool overflowed() const { return overflowed_; }
  // Bytes of finished messages.
  size_t size() const { return finished_; }
  // Bytes of the unfinished message so far.
  size_t pending() const { return message_ ? message_->nlmsg_len : 0; }
  size_t room() const { return buffer_.size() - finished_ - pending(); }
  Bytes data() const { return buffer_.first(finished_); }
  // The last finished message's header, for setting NLM_F_ACK late; null when there is none.
  nlmsghdr* last() const { return last_; }
  void Clear();

 private:
  void* ExtraHeader(size_t size);
  // The zeroed payload of a new attribute; null when it does not fit, or no message is open.
  uint8_t* Attribute(uint16_t type, size_t size);

  // A batch consists of numbers by the hundred thousand: inline, where libmnl takes a call and a copy for
  // each.
  template <class T>
  void PutValue(uint16_t type, T value) {
    constexpr size_t size = NLA_ALIGN(NLA_HDRLEN + sizeof value);
    if (overflowed_ || message_ == nullptr) return;
    if (room() < size) {
      overflowed_ = true;
      return;
    }
    std::array<uint8_t, size> attribute{};
    const nlattr header{NLA_HDRLEN + sizeof value, type};
    std::memcpy(attribute.data(), &header, sizeof header);
    std::memcpy(attribute.data() + NLA_HDRLEN, &value, sizeof value);
    std::memcpy(reinterpret_cast<uint8_t*>(message_) + message_->nlmsg_len, attribute.data(), size);
    message_->nlmsg_len += size;
  }

  MutableBytes buffer_;
  size_t finished_ = 0;
  nlmsghdr* message_ = nullptr;
  nlmsghdr* last_ = nullptr;
  bool overflowed_ = false;
};

}  // namespace director::netlink
