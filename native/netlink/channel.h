#pragma once

#include <cstddef>
#include <cstdint>

#include "util/bytes.h"

namespace director::netlink {

enum class ReceiveStatus {
  kData,     // one datagram
  kEmpty,    // nothing there (within the time given)
  kOverrun,  // ENOBUFS: the kernel has dropped messages for this socket
};

// What the batch engine needs of a socket. netlink::Socket is the one that talks to the kernel; the native
// tests have one that answers as they please.
class Channel {
 public:
  virtual ~Channel() = default;

  // Sends one datagram to the kernel, which processes all requests in it before this returns.
  // Returns 0, or EMSGSIZE / ENOBUFS when it is too large for the kernel to take; throws on anything else.
  virtual int Send(Bytes datagram) = 0;

  // Receives one datagram. `wait_ms` 0 does not wait, -1 waits for ever. The bytes live until the next call.
  virtual ReceiveStatus Receive(Bytes& datagram, int wait_ms) = 0;

  // Largest datagram that the send buffer admits.
  virtual size_t send_limit() const = 0;
  // Bytes that may queue for us before the kernel drops replies.
  virtual size_t receive_capacity() const = 0;

  // The number of the next request; UseSequence() takes it.
  uint32_t next_sequence() const { return sequence_ + 1; }
  uint32_t UseSequence() { return ++sequence_; }

 private:
  uint32_t sequence_ = 0;
};

}  // namespace director::netlink
