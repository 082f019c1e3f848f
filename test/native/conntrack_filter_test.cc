#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <random>

#include "conntrack/encode.h"
#include "conntrack/kernel_filter.h"
#include "conntrack/native_filter.h"
#include "conntrack/wire.h"
#include "conntrack_messages.h"
#include "skip.h"
#include "util/error.h"

using namespace director::conntrack;
using director::Bytes;
using director::KernelError;
using director::netlink::MessageWriter;
using Random = std::mt19937;

namespace {

constexpr uint64_t kAllKinds = FILTER_NEW | FILTER_UPDATE | FILTER_DESTROY;

// Empty where bpf(2) is not permitted: then there is nothing to compare with.
std::optional<KernelFilter> OpenKernelFilter() {
  try {
    return std::make_optional<KernelFilter>(4096u);
  } catch (const KernelError& error) {
    if (error.number() != EPERM && error.number() != ENOSYS) throw;
    director::test::skip_reason = "bpf(2) is not permitted: run it as root";
    return std::nullopt;
  }
}

uint32_t Below(Random& random, uint32_t limit) {
  return std::uniform_int_distribution<uint32_t>(0, limit - 1)(random);
}

// Few values, so that filters and events meet.
void FillAddress(Random& random, uint8_t family, uint8_t (&address)[16]) {
  const size_t size = family == AF_INET ? 4 : 16;
  for (size_t i = 0; i < size; ++i) address[i] = static_cast<uint8_t>(Below(random, 2) * 10);
  address[size - 1] = static_cast<uint8_t>(Below(random, 4));
}

Tuple MakeTuple(Random& random) {
  constexpr std::array<uint8_t, 5> kProtocols = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP, 99};
  Tuple tuple{};
  tuple.family = Below(random, 2) == 0 ? AF_INET : AF_INET6;
  tuple.protocol = kProtocols[Below(random, kProtocols.size())];
  FillAddress(random, tuple.family, tuple.source);
  FillAddress(random, tuple.family, tuple.destination);
  tuple.source_port = static_cast<uint16_t>(Below(random, 3));
  tuple.destination_port = static_cast<uint16_t>(Below(random, 3));
  tuple.zone = static_cast<uint16_t>(Below(random, 3));
  return tuple;
}

std::vector<uint8_t> MakeEvent(Random& random) {
  std::array<uint8_t, 1024> buffer;
  MessageWriter writer(buffer);
  WriteRow row{};
  row.kind = WriteKind::kCreate;
  row.flow.original = MakeTuple(random);
  row.flow.reply = MakeTuple(random);
  row.flow.reply.family = row.flow.original.family;
  row.flow.mark = Below(random, 4);
  row.flow.zone = static_cast<uint16_t>(Below(random, 3));
  row.flow.present = random() & (kHasMark | kHasZone | kHasOriginalZone | kHasReplyZone | kHasTimeout);
  const bool destroy = Below(random, 3) == 0;
  BeginFlowMessage(writer, FlowMessage(destroy ? IPCTNL_MSG_CT_DELETE : IPCTNL_MSG_CT_NEW),
                   row.flow.original.family, Below(random, 2) == 0 ? NLM_F_CREATE : 0, 0);
  PutWrite(writer, row);
  REQUIRE(writer.Finish());
  return {writer.data().begin(), writer.data().end()};
}

void Damage(Random& random, std::vector<uint8_t>& event) {
  switch (Below(random, 4)) {
    case 0:
      event[Below(random, static_cast<uint32_t>(event.size()))] = static_cast<uint8_t>(random());
      break;
    case 1:
      event[Below(random, static_cast<uint32_t>(event.size()))] ^=
          static_cast<uint8_t>(1u << Below(random, 8));
      break;
    case 2:
      event.resize(1 + Below(random, static_cast<uint32_t>(event.size())));
      break;
    default:
      break;
  }
}

FilterRow MakeRow(Random& random) {
  const Tuple tuple = MakeTuple(random);
  FilterRow row{};
  row.role = static_cast<uint8_t>(1 + Below(random, kMarkRow));
  row.family = tuple.family;
  row.protocol = tuple.protocol;
  std::memcpy(row.address, tuple.destination, sizeof row.address);
  row.port = tuple.destination_port;
  row.prefix_length = static_cast<uint8_t>(Below(random, row.family == AF_INET ? 33 : 129));
  row.mask = Below(random, 4);
  row.value = Below(random, 4) & row.mask;
  if (row.role == FILTER_ZONE) {
    row.family = row.protocol = 0;
    std::memset(row.address, 0, sizeof row.address);
  }
  return row;
}

FilterRules MakeRandomRules(Random& random) {
  std::vector<FilterRow> rows(Below(random, 12));
  for (FilterRow& row : rows) row = MakeRow(random);
  uint32_t marks = 0;
  std::erase_if(rows, [&](const FilterRow& row) { return row.role == kMarkRow && ++marks > kMostMarks; });
  return MakeRules(random() & FILTER_CONDITIONS, rows);
}

FilterRow Member(uint8_t role, uint8_t last, uint16_t port) {
  FilterRow row{};
  row.role = role;
  row.family = AF_INET;
  row.protocol = IPPROTO_UDP;
  row.port = port;
  row.address[0] = 10;
  row.address[3] = last;
  return row;
}

}  // namespace

TEST_CASE("the filter in the kernel and the one in C++ pass the same events, recorded, made up and damaged") {
  auto kernel = OpenKernelFilter();
  if (!kernel) return;
  Random random(20261121);
  const auto recorded = director::test::RecordedEvents();
  REQUIRE(recorded.size() >= 10);
  size_t passed = 0;
  size_t tried = 0;
  for (int round = 0; round < 300; ++round) {
    const FilterRules rules = MakeRandomRules(random);
    kernel->Apply(rules);
    const CompiledRules compiled(rules);
    for (int one = 0; one < 60; ++one) {
      auto event =
          one < 20 ? recorded[Below(random, static_cast<uint32_t>(recorded.size()))] : MakeEvent(random);
      if (one % 2 == 1) Damage(random, event);
      const bool wanted = compiled.Passes(event);
      CAPTURE(round);
      CAPTURE(one);
      REQUIRE((director::bpf::TestRun(kernel->program(), event) != 0) == wanted);
      passed += wanted;
      ++tried;
    }
  }
  // Otherwise the comparison would say little.
  CHECK(passed > tried / 10);
  CHECK(passed < tried - tried / 10);
}

TEST_CASE("both filters let through what they do not understand") {
  auto kernel = OpenKernelFilter();
  if (!kernel) return;
  const FilterRules rules = MakeRules(FILTER_NEW | FILTER_BY_SERVICE, {});
  kernel->Apply(rules);
  const CompiledRules compiled(rules);
  for (const std::vector<uint8_t>& bytes :
       {std::vector<uint8_t>{1}, std::vector<uint8_t>(16), std::vector<uint8_t>(300, 0xff)}) {
    CHECK(compiled.Passes(bytes));
    CHECK(director::bpf::TestRun(kernel->program(), bytes) != 0);
  }
}

TEST_CASE("a filter is changed to any other, and passes as if it had been made so") {
  auto changed = OpenKernelFilter();
  if (!changed) return;
  Random random(7);
  for (int round = 0; round < 40; ++round) {
    const FilterRules rules = MakeRandomRules(random);
    changed->Apply(rules);
    KernelFilter fresh(4096);
    fresh.Apply(rules);
    for (int one = 0; one < 20; ++one) {
      const auto event = MakeEvent(random);
      CHECK(director::bpf::TestRun(changed->program(), event) ==
            director::bpf::TestRun(fresh.program(), event));
    }
  }
}

TEST_CASE("rules beyond the capacity are refused, and those within are not") {
  const std::array rows = {Member(FILTER_SERVICE, 1, 53), Member(FILTER_SERVICE, 2, 53)};
  const FilterRules rules = MakeRules(kAllKinds | FILTER_BY_SERVICE, rows);
  CHECK_NOTHROW(CheckCapacity(rules, 2));
  CHECK_THROWS_AS(CheckCapacity(rules, 1), KernelError);
}

TEST_CASE("a member that is named twice counts once, and a network's host bits do not matter") {
  const std::array twice = {Member(FILTER_SERVICE, 1, 53), Member(FILTER_SERVICE, 1, 53)};
  CHECK(MakeRules(kAllKinds, twice).members.size() == 1);
  std::array networks = {Member(FILTER_SOURCE_PREFIX, 1, 0), Member(FILTER_SOURCE_PREFIX, 2, 0)};
  for (FilterRow& row : networks) row.prefix_length = 24;
  CHECK(MakeRules(kAllKinds, networks).prefixes.size() == 1);
}

TEST_CASE("a prefix longer than an address is the whole address") {
  FilterRow row = Member(FILTER_SOURCE_PREFIX, 1, 0);
  row.family = AF_INET6;
  row.prefix_length = 255;
  const FilterRules rules = MakeRules(kAllKinds, {&row, 1});
  CHECK(rules.prefixes.front().prefix_bits == FILTER_PREFIX_HEAD_BITS + 128);
  CHECK_NOTHROW(CompiledRules{rules});
}
