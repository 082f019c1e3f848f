#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "netlink/channel.h"
#include "netlink/namespace.h"

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

// Room for some datagrams of any length. Uninitialised: most are never filled, and in a guest each page fault
// is dear.
class ReceiveBuffer {
 public:
  // The kernel fills dump messages up to 32 KiB once it has seen a reader that takes them. Replies may be
  // larger than that: an error echoes the whole request (up to 64 KiB, and its headers) unless
  // acknowledgements are capped.
  static constexpr size_t kSlotBytes = 72 << 10;
  static constexpr size_t kSlots = 8;

  uint8_t* slot(size_t index) const { return bytes_.get() + index * kSlotBytes; }

 private:
  std::unique_ptr<uint8_t[]> bytes_ = std::make_unique_for_overwrite<uint8_t[]>(kSlotBytes * kSlots);
};

// A netlink socket bound to a port of the kernel's choice. One thread at a time.
class Socket final : public Channel {
 public:
  Socket(const Namespace& where, const SocketOptions& options);

  int Send(Bytes datagram) override;
  // Datagrams that do not come from the kernel are skipped.
  ReceiveStatus Receive(Bytes& datagram, int wait_ms) override;

  // Receives what is there now, up to a handful of datagrams in one system call; waits for the first. They
  // live as long as what is in the buffer.
  ReceiveStatus ReceiveMany(ReceiveBuffer& buffer, std::vector<Bytes>& datagrams, int wait_ms);
  ReceiveStatus ReceiveMany(std::vector<Bytes>& datagrams, int wait_ms) {
    return ReceiveMany(buffer_, datagrams, wait_ms);
  }

  int fd() const { return fd_.get(); }
  uint32_t port() const { return port_; }
  size_t send_limit() const override { return send_limit_; }
  size_t receive_capacity() const override { return receive_capacity_; }

 private:
  bool WaitReadable(int wait_ms);

  UniqueFd fd_;
  uint32_t port_ = 0;
  size_t send_limit_ = 0;
  size_t receive_capacity_ = 0;
  ReceiveBuffer buffer_;
};

}  // namespace director::netlink
