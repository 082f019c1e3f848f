#include "conntrack/listener.h"

#include <doctest/doctest.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <future>

#include "conntrack/client.h"
#include "conntrack/wire.h"
#include "skip.h"
#include "util/error.h"

namespace {

namespace conntrack = director::conntrack;
namespace netlink = director::netlink;

// What happens once, right before the next recvmmsg(2).
std::function<void()> before_receive;

std::shared_ptr<const netlink::Namespace> FreshNamespace() {
  try {
    return std::make_shared<netlink::Namespace>(netlink::Namespace::MakeFresh());
  } catch (const director::KernelError& error) {
    if (error.number() != EPERM) throw;
    director::test::skip_reason = "no namespace may be made: run it as root";
    return nullptr;
  }
}

void MakeFlow(const std::shared_ptr<const netlink::Namespace>& where) {
  conntrack::WriteRow row{};
  row.kind = conntrack::WriteKind::kCreate;
  row.flow.original = {{10, 0, 0, 1}, {10, 0, 0, 2}, 1024, 53, 0, 0, 0, AF_INET, IPPROTO_UDP, 0};
  row.flow.reply = {{10, 0, 0, 2}, {10, 0, 0, 1}, 53, 1024, 0, 0, 0, AF_INET, IPPROTO_UDP, 0};
  row.flow.present = conntrack::kHasTimeout;
  row.flow.timeout_seconds = 60;
  netlink::SocketPool pool(where, {.protocol = NETLINK_NETFILTER});
  netlink::RunReport report;
  conntrack::Client(pool).Write({director::BytesOf(row)}, {}, report);
  REQUIRE(report.refused.empty());
}

}  // namespace

// In place of the C library's.
extern "C" int recvmmsg(int fd, mmsghdr* headers, unsigned int count, int flags, timespec* timeout) {
  if (const auto before = std::exchange(before_receive, nullptr)) before();
  return static_cast<int>(::syscall(SYS_recvmmsg, fd, headers, count, flags, timeout));
}

TEST_CASE("an event that follows a change of the filter is held against the new one, however close") {
  const auto where = FreshNamespace();
  if (!where) return;
  std::promise<conntrack::Listener*> made;
  std::packaged_task<void()> change([&] {
    made.get_future().get()->SetFilter({});
    MakeFlow(where);
  });
  before_receive = std::ref(change);
  conntrack::FilterRules ends;
  ends.flags = FILTER_DESTROY;
  conntrack::Listener listener(where, {.groups = {NFNLGRP_CONNTRACK_NEW}}, &ends, [] {});
  made.set_value(&listener);
  change.get_future().get();
  listener.CloseWhenRead();
  const auto chunk = listener.Take();
  REQUIRE(chunk);
  CHECK(chunk->rows.rows() == 1);
}
