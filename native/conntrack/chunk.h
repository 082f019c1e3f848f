#pragma once

#include <cstdint>

#include "util/row_memory.h"

namespace director::conntrack {

enum class ChunkKind : uint32_t { kFlows = 0, kExpectations = 1, kLost = 2 };

enum class LossReason : uint32_t {
  kOverrun = 0,     // the kernel dropped them: nobody read the socket in time, or the queue was full
  kUnreadable = 1,  // they did not look like ctnetlink messages
};

// A stretch of the event stream, all rows of one kind.
struct Chunk {
  ChunkKind kind = ChunkKind::kFlows;
  RowPiece rows;
  uint64_t lost = 0;
  LossReason reason = LossReason::kOverrun;

  size_t bytes() const { return sizeof *this + rows.bytes.capacity(); }
};

}  // namespace director::conntrack
