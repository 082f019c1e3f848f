#include "netlink/tcp_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "util/error.h"

namespace director::netlink {
namespace {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t length = 0;
};

SocketAddress Parse(const std::string& address, uint16_t port) {
  SocketAddress result;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.bytes);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.bytes);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    result.length = sizeof(*v4);
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    result.length = sizeof(*v6);
  } else {
    throw KernelError("bind", EINVAL, address);
  }
  return result;
}

bool SetOption(const UniqueFd& socket, int level, int option, int value) {
  return ::setsockopt(socket.get(), level, option, &value, sizeof(value)) == 0;
}

}  // namespace

UniqueFd BindTcpPort(const Namespace& where, const std::string& address, uint16_t port) {
  const SocketAddress at = Parse(address, port);
  UniqueFd socket = where.OpenSocket(at.bytes.ss_family, SOCK_STREAM, 0);
  // As libuv binds: connections of a former server that wait for their end are not in the way, and whatever
  // net.ipv6.bindv6only says, `::` takes IPv4 as well.
  const bool ready = SetOption(socket, SOL_SOCKET, SO_REUSEADDR, 1) &&
                     (at.bytes.ss_family == AF_INET || SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
                     ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at.bytes), at.length) == 0;
  if (!ready) throw KernelError("bind", errno, address + " port " + std::to_string(port));
  return socket;
}

}  // namespace director::netlink
