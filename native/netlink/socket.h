#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "netlink/namespace.h"
#include "util/bytes.h"

namespace director::netlink {

struct SocketOptions {
  int protocol = 0;  // NETLINK_GENERIC, NETLINK_NETFILTER, NETLINK_ROUTE
  // Asked for with SO_*BUFFORCE, or as much as the limits give without CAP_NET_ADMIN. Bytes, before the
  // kernel doubles them.
  int send_buffer_bytes = 1 << 20;
  int receive_buffer_bytes = 4 << 20;
  // Leave the request out of error replies. ipset's bulk form must see it, for the number of the failing
  // element.
  bool cap_acknowledgements = true;
};

enum class ReceiveStatus {
  kData,     // one datagram
  kEmpty,    // nothing there (within the time given)
  kOverrun,  // ENOBUFS: the kernel has dropped messages for this socket
};

// A netlink socket bound to a port of the kernel's choice. One thread at a time.
class Socket {
 public:
  Socket(const Namespace& where, const SocketOptions& options);

  // Sends one datagram to the kernel, which processes all requests in it before this returns.
  // Returns 0, or EMSGSIZE / ENOBUFS when it is too large for the kernel to take; throws on anything else.
  int Send(Bytes datagram);

  // Receives one datagram. `wait_ms` 0 does not wait, -1 waits for ever. The bytes live until the next call.
  // Datagrams that do not come from the kernel are skipped.
  ReceiveStatus Receive(Bytes& datagram, int wait_ms);

  // Receives what is there now, up to a handful of datagrams in one system call; waits for the first.
  ReceiveStatus ReceiveMany(std::vector<Bytes>& datagrams, int wait_ms);

  int fd() const { return fd_.get(); }
  uint32_t port() const { return port_; }
  // Largest datagram that the send buffer admits.
  size_t send_limit() const { return send_limit_; }
  // Bytes that may queue for us before the kernel drops replies.
  size_t receive_capacity() const { return receive_capacity_; }
  // The number of the next request; Use() takes it.
  uint32_t next_sequence() const { return sequence_ + 1; }
  uint32_t UseSequence() { return ++sequence_; }

 private:
  bool WaitReadable(int wait_ms);

  UniqueFd fd_;
  uint32_t port_ = 0;
  uint32_t sequence_ = 0;
  size_t send_limit_ = 0;
  size_t receive_capacity_ = 0;
  // Left uninitialised: most sockets never touch the larger part, and in a guest each page fault is dear.
  std::unique_ptr<uint8_t[]> buffer_;
};

}  // namespace director::netlink
