#pragma once

#include <vector>

#include "ipvs/records.h"
#include "netlink/batch.h"
#include "netlink/report.h"

namespace director::ipvs {

// Operation rows as a source of requests: one message each, in order.
class OperationSource final : public netlink::BatchSource {
 public:
  // Tables of OperationRow, one behind the other. The memory must outlive the source.
  OperationSource(uint16_t family, std::vector<Bytes> tables);

  netlink::Append Next(netlink::MessageWriter& writer, uint32_t sequence) override;
  void Refused(uint32_t sequence, const netlink::Acknowledgement& reply) override;
  void Lost(uint32_t first, uint32_t last) override;
  void Answered(uint32_t first, uint32_t last) override {}

  const netlink::RunReport& report() const { return report_; }
  netlink::RunReport TakeReport() { return std::move(report_); }

 private:
  uint16_t family_;
  std::vector<Bytes> tables_;
  size_t table_ = 0;
  size_t offset_ = 0;
  // Sequence number of operation 0; the engine numbers messages without a gap.
  uint32_t base_ = 0;
  netlink::RunReport report_;
};

}  // namespace director::ipvs
