#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "netlink/channel.h"
#include "netlink/namespace.h"

namespace director::netlink {

// The id of a datagram's namespace where that is the socket's own.
inline constexpr int32_t kOwnNamespace = -1;

// What one multicast brought. The bytes live until the next Receive().
struct EventDatagram {
  Bytes bytes;
  int32_t nsid = kOwnNamespace;
  // It was longer than the room for it.
  bool cut = false;
};

struct EventSocketOptions {
  int protocol = 0;
  // Multicast groups, counted from 1; up to 32.
  std::vector<uint32_t> groups;
  // Asked for with SO_RCVBUFFORCE, or as much as the limits give without CAP_NET_ADMIN. The kernel doubles
  // it.
  int receive_buffer_bytes = 32 << 20;
  // Hear the namespaces that have an id in this one as well (NETLINK_LISTEN_ALL_NSID; CAP_NET_BROADCAST).
  bool all_namespaces = false;
};

// A socket that hears multicasts and sends nothing. One thread at a time, but for drops().
class EventSocket {
 public:
  // Hears nothing yet, so that a filter can be attached first.
  EventSocket(const Namespace& where, const EventSocketOptions& options);

  // An eBPF socket filter: what it refuses is not queued (SO_ATTACH_BPF).
  void AttachFilter(int program);
  // Joins all groups at once.
  void Join();
  // Leaves them: what is queued by now can still be received, and nothing comes any more.
  void Leave();

  // Takes what is there, up to some dozens of datagrams in one system call; never waits. kOverrun: the kernel
  // has dropped something. It says so before it hands out what was queued by then, and goes on dropping until
  // all of that is taken.
  ReceiveStatus Receive(std::vector<EventDatagram>& datagrams);
  // Whether the last Receive() found the queue's end.
  bool drained() const { return drained_; }
  // How many datagrams the kernel has dropped so far; wraps (SO_MEMINFO, SK_MEMINFO_DROPS).
  uint32_t drops() const;

  int fd() const { return fd_.get(); }
  // Bytes that may queue, as the kernel counts them: buffers whole, not their contents.
  size_t receive_capacity() const { return receive_capacity_; }

 private:
  static constexpr size_t kSlots = 64;
  // Events of conntrack have some 300 bytes; the longest security context makes them 4 KiB longer.
  static constexpr size_t kSlotBytes = 8 << 10;
  // Room for the namespace's id.
  static constexpr size_t kControlBytes = CMSG_SPACE(sizeof(int));
  struct alignas(cmsghdr) Control {
    std::array<uint8_t, kControlBytes> bytes;
  };

  void PrepareSlots();

  UniqueFd fd_;
  // A bit each.
  uint32_t groups_ = 0;
  bool all_namespaces_;
  size_t receive_capacity_ = 0;
  bool drained_ = true;
  // Uninitialised: an event touches the first part of its slot only.
  std::unique_ptr<uint8_t[]> buffer_;
  std::array<sockaddr_storage, kSlots> senders_;
  std::array<Control, kSlots> controls_;
  std::array<iovec, kSlots> vectors_;
  std::array<mmsghdr, kSlots> headers_;
};

}  // namespace director::netlink
