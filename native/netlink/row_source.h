#pragma once

#include <vector>

#include "netlink/batch.h"
#include "netlink/report.h"

namespace director::netlink {

// Tables of fixed-size rows as a source of requests: one message a row, in order. A subsystem says how a row
// becomes a message; the bookkeeping is the same for all of them.
class RowSource : public BatchSource {
 public:
  // Tables of rows, one behind the other. The memory must outlive the source.
  RowSource(std::vector<Bytes> tables, size_t row_size);

  Append Next(MessageWriter& writer, uint32_t sequence) final;
  void Refused(uint32_t sequence, const Acknowledgement& reply) final;
  void Lost(uint32_t first, uint32_t last) final;
  void Answered(uint32_t first, uint32_t last) final {}

  RunReport TakeReport() { return std::move(report_); }

 protected:
  // Finishes the message for a row of `row_size` bytes; false when it does not fit.
  virtual bool PutRow(MessageWriter& writer, uint32_t sequence, Bytes row) = 0;

 private:
  std::vector<Bytes> tables_;
  size_t row_size_;
  size_t table_ = 0;
  size_t offset_ = 0;
  // Sequence number of operation 0; the engine numbers messages without a gap.
  uint32_t base_ = 0;
  RunReport report_;
};

}  // namespace director::netlink
