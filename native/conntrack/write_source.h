#pragma once

#include "conntrack/encode.h"
#include "conntrack/wire.h"
#include "netlink/row_source.h"

namespace director::conntrack {

// Rows of writes as a source of requests.
class WriteSource final : public netlink::RowSource {
 public:
  explicit WriteSource(std::vector<Bytes> tables) : RowSource(std::move(tables), sizeof(WriteRow)) {}

 private:
  bool PutRow(netlink::MessageWriter& writer, uint32_t sequence, Bytes bytes) override {
    WriteRow row;
    std::memcpy(&row, bytes.data(), sizeof row);
    const Tuple& tuple = row.flow.original.family != 0 ? row.flow.original : row.flow.reply;
    BeginFlowMessage(writer, TypeOf(row.kind), tuple.family, FlagsOf(row.kind), sequence);
    PutWrite(writer, row);
    return writer.Finish();
  }

  static uint16_t TypeOf(WriteKind kind) {
    return FlowMessage(kind == WriteKind::kDelete ? IPCTNL_MSG_CT_DELETE : IPCTNL_MSG_CT_NEW);
  }
  static uint16_t FlagsOf(WriteKind kind) {
    return kind == WriteKind::kCreate ? NLM_F_CREATE | NLM_F_EXCL : 0;
  }
};

}  // namespace director::conntrack
