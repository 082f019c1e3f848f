#include "ipvs/operations.h"

#include "ipvs/encode.h"

namespace director::ipvs {

OperationSource::OperationSource(uint16_t family, std::vector<Bytes> tables)
    : RowSource(std::move(tables), sizeof(OperationRow)), family_(family) {}

bool OperationSource::PutRow(netlink::MessageWriter& writer, uint32_t sequence, Bytes bytes) {
  OperationRow row;
  std::memcpy(&row, bytes.data(), sizeof row);
  return PutOperation(writer, family_, sequence, row);
}

}  // namespace director::ipvs
