#include "netlink/socket.h"

#include <linux/netlink.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "netlink/buffer_size.h"
#include "util/error.h"

namespace director::netlink {
namespace {

// What the kernel keeps aside of a socket's send buffer (netlink_sendmsg: len > sk_sndbuf - 32).
constexpr size_t kSendReserve = 32;

void SetFlag(int fd, int option) {
  const int on = 1;
  // Older kernels lack some of them; what is missing costs detail, never correctness.
  (void)::setsockopt(fd, SOL_NETLINK, option, &on, sizeof on);
}

uint32_t BindPort(int fd) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) throw KernelError("bind", errno);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw KernelError("getsockname", errno);
  }
  return address.nl_pid;
}

}  // namespace

Socket::Socket(const Namespace& where, const SocketOptions& options)
    : fd_(where.OpenSocket(AF_NETLINK, SOCK_RAW, options.protocol)) {
  SetFlag(fd_.get(), NETLINK_EXT_ACK);
  if (options.cap_acknowledgements) SetFlag(fd_.get(), NETLINK_CAP_ACK);
  send_limit_ = GrowSendBuffer(fd_.get(), options.send_buffer_bytes) - kSendReserve;
  receive_capacity_ = GrowReceiveBuffer(fd_.get(), options.receive_buffer_bytes);
  port_ = BindPort(fd_.get());
}

int Socket::Send(Bytes datagram) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const ssize_t sent = ::sendto(fd_.get(), datagram.data(), datagram.size(), 0,
                                  reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    if (sent >= 0) return 0;
    if (errno == EINTR) continue;
    if (errno == EMSGSIZE || errno == ENOBUFS) return errno;
    throw KernelError("send", errno);
  }
}

bool Socket::WaitReadable(int wait_ms) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(wait_ms);
  int remaining = wait_ms;
  for (;;) {
    pollfd poll{fd_.get(), POLLIN, 0};
    const int ready = ::poll(&poll, 1, remaining);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) throw KernelError("poll", errno);
    if (wait_ms < 0) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    remaining = static_cast<int>(std::max<long long>(left, 0));
  }
}

ReceiveStatus Socket::Receive(Bytes& datagram, int wait_ms) {
  for (;;) {
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t got = ::recvfrom(fd_.get(), buffer_.slot(0), ReceiveBuffer::kSlotBytes,
                                   MSG_DONTWAIT | MSG_TRUNC, reinterpret_cast<sockaddr*>(&sender), &size);
    if (got >= 0) {
      if (sender.nl_pid != 0) continue;
      datagram = Bytes(buffer_.slot(0), std::min(static_cast<size_t>(got), ReceiveBuffer::kSlotBytes));
      return ReceiveStatus::kData;
    }
    if (errno == EINTR) continue;
    if (errno == ENOBUFS) return ReceiveStatus::kOverrun;
    if (errno != EAGAIN && errno != EWOULDBLOCK) throw KernelError("receive", errno);
    if (wait_ms == 0 || !WaitReadable(wait_ms)) return ReceiveStatus::kEmpty;
  }
}

ReceiveStatus Socket::ReceiveMany(ReceiveBuffer& buffer, std::vector<Bytes>& datagrams, int wait_ms) {
  constexpr size_t kSlots = ReceiveBuffer::kSlots;
  datagrams.clear();
  std::array<sockaddr_nl, kSlots> senders{};
  std::array<iovec, kSlots> vectors;
  std::array<mmsghdr, kSlots> headers{};
  for (size_t slot = 0; slot < kSlots; ++slot) {
    vectors[slot] = {buffer.slot(slot), ReceiveBuffer::kSlotBytes};
    headers[slot].msg_hdr = {&senders[slot], sizeof senders[slot], &vectors[slot], 1, nullptr, 0, 0};
  }
  for (;;) {
    const int got = ::recvmmsg(fd_.get(), headers.data(), kSlots, MSG_DONTWAIT, nullptr);
    if (got > 0) {
      for (int slot = 0; slot < got; ++slot) {
        if (senders[slot].nl_pid != 0) continue;
        datagrams.emplace_back(static_cast<const uint8_t*>(vectors[slot].iov_base), headers[slot].msg_len);
      }
      if (!datagrams.empty()) return ReceiveStatus::kData;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == ENOBUFS) return ReceiveStatus::kOverrun;
    if (errno != EAGAIN && errno != EWOULDBLOCK) throw KernelError("receive", errno);
    if (wait_ms == 0 || !WaitReadable(wait_ms)) return ReceiveStatus::kEmpty;
  }
}

}  // namespace director::netlink
