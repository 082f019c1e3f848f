#include "ipvs/operations.h"

#include "ipvs/encode.h"

namespace director::ipvs {

using netlink::Append;

OperationSource::OperationSource(uint16_t family, std::vector<Bytes> tables)
    : family_(family), tables_(std::move(tables)) {}

Append OperationSource::Next(netlink::MessageWriter& writer, uint32_t sequence) {
  while (table_ < tables_.size() && tables_[table_].size() - offset_ < sizeof(OperationRow)) {
    ++table_;
    offset_ = 0;
  }
  if (table_ == tables_.size()) return Append::kEnd;
  if (report_.attempted == 0) base_ = sequence;
  OperationRow row;
  std::memcpy(&row, tables_[table_].data() + offset_, sizeof row);
  if (!PutOperation(writer, family_, sequence, row)) return Append::kFull;
  offset_ += sizeof row;
  ++report_.attempted;
  return Append::kMessage;
}

void OperationSource::Refused(uint32_t sequence, const netlink::Acknowledgement& reply) {
  report_.refused.push_back({sequence - base_, reply.number, reply.text});
}

void OperationSource::Lost(uint32_t first, uint32_t last) {
  for (uint32_t sequence = first; sequence - first <= last - first; ++sequence) {
    const uint32_t operation = sequence - base_;
    // What was refused before the loss is known after all.
    const auto known = [=](const netlink::Refusal& refusal) { return refusal.operation == operation; };
    if (std::none_of(report_.refused.rbegin(), report_.refused.rend(), known)) {
      report_.refused.push_back({operation, 0, {}});
    }
  }
}

}  // namespace director::ipvs
