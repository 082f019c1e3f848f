#include "netlink/row_source.h"

namespace director::netlink {

RowSource::RowSource(std::vector<Bytes> tables, size_t row_size)
    : tables_(std::move(tables)), row_size_(row_size) {}

Append RowSource::Next(MessageWriter& writer, uint32_t sequence) {
  while (table_ < tables_.size() && tables_[table_].size() - offset_ < row_size_) {
    ++table_;
    offset_ = 0;
  }
  if (table_ == tables_.size()) return Append::kEnd;
  if (report_.attempted == 0) base_ = sequence;
  if (!PutRow(writer, sequence, tables_[table_].subspan(offset_, row_size_))) return Append::kFull;
  offset_ += row_size_;
  ++report_.attempted;
  return Append::kMessage;
}

void RowSource::Refused(uint32_t sequence, const Acknowledgement& reply) {
  report_.refused.push_back({sequence - base_, reply.number, reply.text});
}

void RowSource::Lost(uint32_t first, uint32_t last) {
  for (uint32_t sequence = first; sequence - first <= last - first; ++sequence) {
    const uint32_t operation = sequence - base_;
    // What was refused before the loss is known after all.
    const auto known = [=](const Refusal& refusal) { return refusal.operation == operation; };
    if (std::none_of(report_.refused.rbegin(), report_.refused.rend(), known)) {
      report_.refused.push_back({operation, 0, {}});
    }
  }
}

}  // namespace director::netlink
