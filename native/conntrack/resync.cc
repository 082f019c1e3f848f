#include "conntrack/resync.h"

#include <sys/socket.h>

#include <array>

#include "conntrack/decode.h"
#include "conntrack/encode.h"
#include "conntrack/wire.h"
#include "netlink/socket.h"

namespace director::conntrack {

using netlink::DumpState;
using netlink::Message;

namespace {

// As many rows as a part of a dump has, or so.
constexpr size_t kGoneAtOnce = 1024;

}  // namespace

// A socket of its own: events must not wait behind the table.
struct Resync::TableDump {
  explicit TableDump(const netlink::Namespace& where)
      : table_socket(where, {.protocol = NETLINK_NETFILTER}), dump(table_socket) {
    std::array<uint8_t, 64> buffer;
    netlink::MessageWriter writer(buffer);
    const uint32_t sequence = table_socket.UseSequence();
    BeginFlowMessage(writer, FlowMessage(IPCTNL_MSG_CT_GET), AF_UNSPEC, NLM_F_DUMP, sequence);
    writer.Finish();
    dump.Start(writer.data(), sequence);
  }

  netlink::Socket table_socket;
  netlink::Dump dump;
};

Resync::Resync(std::shared_ptr<const netlink::Namespace> where, const NativeFilter& filter, Emit emit)
    : where_(std::move(where)), filter_(filter), emit_(std::move(emit)) {}

Resync::~Resync() = default;

void Resync::Begin(ResyncCause cause) {
  // A loss noticed during another dump weighs more than that dump's cause.
  cause_ = dump_ && cause_ == ResyncCause::kLoss ? cause_ : cause;
  rules_ = filter_.current();
  known_.BeginDump();
  dump_ = std::make_unique<TableDump>(*where_);
}

void Resync::ReadSome() {
  if (known_.HasGone()) return TellGone();
  const DumpState state = dump_->dump.Read([this](const Message& message) { Compare(message); });
  if (state == DumpState::kInterrupted) return Begin(cause_);
  if (state != DumpState::kDone) return;
  dump_.reset();
  known_.EndDump();
  // What another filter leaves out has not ended.
  if (cause_ == ResyncCause::kFilterChange) known_.ForgetGone();
}

void Resync::Compare(const Message& message) {
  FlowRow row{};
  if (!rules_->PassesFlow(message) || !ReadFlow(message, row)) return;
  // The netlink port in a dump is that of whoever dumps: no cause of anything.
  row.caused_by = 0;
  row.synthetic = 1;
  switch (known_.InDump(row)) {
    case KnownFlows::Verdict::kUnknown:
      row.kind = EventKind::kNew;
      return emit_(row);
    case KnownFlows::Verdict::kKnown:
      row.kind = EventKind::kUpdate;
      if (cause_ == ResyncCause::kLoss) emit_(row);
      return;
    case KnownFlows::Verdict::kFresh:
    case KnownFlows::Verdict::kGone:
      return;
  }
}

void Resync::TellGone() {
  for (size_t count = 0; count < kGoneAtOnce; ++count) {
    const auto row = known_.NextGone();
    if (!row) return;
    emit_(*row);
  }
}

}  // namespace director::conntrack
