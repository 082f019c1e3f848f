#include "netlink/event_socket.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <cerrno>
#include <cstring>

#include "netlink/buffer_size.h"
#include "util/error.h"

namespace director::netlink {
namespace {

int32_t NamespaceOf(msghdr& header) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_NETLINK || control->cmsg_type != NETLINK_LISTEN_ALL_NSID) continue;
    int nsid;
    std::memcpy(&nsid, CMSG_DATA(control), sizeof nsid);
    return nsid;
  }
  return kOwnNamespace;
}

bool FromKernel(const sockaddr_storage& sender) {
  sockaddr_nl address;
  std::memcpy(&address, &sender, sizeof address);
  return address.nl_pid == 0;
}

}  // namespace

EventSocket::EventSocket(const Namespace& where, const EventSocketOptions& options)
    : fd_(where.OpenSocket(AF_NETLINK, SOCK_RAW, options.protocol)),
      all_namespaces_(options.all_namespaces),
      buffer_(std::make_unique_for_overwrite<uint8_t[]>(kSlots * kSlotBytes)) {
  for (const uint32_t group : options.groups) groups_ |= 1u << (group - 1);
  receive_capacity_ = GrowReceiveBuffer(fd_.get(), options.receive_buffer_bytes);
  const int on = 1;
  if (all_namespaces_ && ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on) != 0) {
    throw KernelError("listen to all namespaces", errno);
  }
  for (size_t slot = 0; slot < kSlots; ++slot) vectors_[slot] = {&buffer_[slot * kSlotBytes], kSlotBytes};
}

void EventSocket::AttachFilter(int program) {
  if (::setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof program) != 0) {
    throw KernelError("attach filter", errno);
  }
}

void EventSocket::Join() {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups_;
  if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw KernelError("join groups", errno);
  }
}

void EventSocket::Leave() {
  for (int group = 1; group <= 32; ++group) {
    if ((groups_ & 1u << (group - 1)) == 0) continue;
    if (::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group, sizeof group) != 0) {
      throw KernelError("leave group", errno);
    }
  }
}

// recvmmsg writes lengths and flags back into the headers.
void EventSocket::PrepareSlots() {
  for (size_t slot = 0; slot < kSlots; ++slot) {
    msghdr& header = headers_[slot].msg_hdr;
    header = {};
    header.msg_name = &senders_[slot];
    header.msg_namelen = sizeof(sockaddr_nl);
    header.msg_iov = &vectors_[slot];
    header.msg_iovlen = 1;
    if (!all_namespaces_) continue;
    header.msg_control = controls_[slot].bytes.data();
    header.msg_controllen = kControlBytes;
  }
}

ReceiveStatus EventSocket::Receive(std::vector<EventDatagram>& datagrams) {
  datagrams.clear();
  PrepareSlots();
  int received;
  do received = ::recvmmsg(fd_.get(), headers_.data(), kSlots, MSG_DONTWAIT, nullptr);
  while (received < 0 && errno == EINTR);
  drained_ = received < static_cast<int>(kSlots);
  if (received < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return ReceiveStatus::kEmpty;
    if (errno != ENOBUFS) throw KernelError("receive", errno);
    drained_ = false;
    return ReceiveStatus::kOverrun;
  }
  for (int slot = 0; slot < received; ++slot) {
    // Only the kernel's word counts.
    if (!FromKernel(senders_[slot])) continue;
    msghdr& header = headers_[slot].msg_hdr;
    datagrams.push_back({Bytes(static_cast<const uint8_t*>(vectors_[slot].iov_base), headers_[slot].msg_len),
                         all_namespaces_ ? NamespaceOf(header) : kOwnNamespace,
                         (header.msg_flags & MSG_TRUNC) != 0});
  }
  return ReceiveStatus::kData;
}

uint32_t EventSocket::drops() const {
  std::array<uint32_t, SK_MEMINFO_VARS> figures{};
  socklen_t size = sizeof figures;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_MEMINFO, figures.data(), &size) != 0) {
    throw KernelError("getsockopt", errno);
  }
  return figures[SK_MEMINFO_DROPS];
}

}  // namespace director::netlink
