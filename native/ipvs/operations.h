#pragma once

#include <vector>

#include "ipvs/records.h"
#include "netlink/row_source.h"

namespace director::ipvs {

// Operation rows as a source of requests: one message each, in order.
class OperationSource final : public netlink::RowSource {
 public:
  // Tables of OperationRow, one behind the other. The memory must outlive the source.
  OperationSource(uint16_t family, std::vector<Bytes> tables);

 private:
  bool PutRow(netlink::MessageWriter& writer, uint32_t sequence, Bytes row) override;

  uint16_t family_;
};

}  // namespace director::ipvs
