#include "conntrack/flow_rows.h"

#include <cstring>

namespace director::conntrack {
namespace {

constexpr size_t kCommonBytes = FlowRowBytes(0);

// Moves the rows apart, and puts zeroes between them.
void Widen(RowPiece& piece) {
  RowBuffer wide;
  const size_t rows = piece.rows();
  wide.Reserve((rows + 1) * sizeof(FlowRow));
  for (size_t row = 0; row < rows; ++row) {
    uint8_t* const place = wide.Extend(sizeof(FlowRow));
    std::memcpy(place, piece.bytes.data() + row * kCommonBytes, kCommonBytes);
    std::memset(place + kCommonBytes, 0, sizeof(FlowRow) - kCommonBytes);
  }
  piece = {std::move(wide), sizeof(FlowRow)};
}

}  // namespace

void AppendFlow(RowPiece& piece, const FlowRow& row) {
  const size_t wanted = FlowRowBytes(row.present);
  if (piece.bytes.empty()) piece.row_bytes = std::max(piece.row_bytes, wanted);
  if (wanted > piece.row_bytes) Widen(piece);
  piece.bytes.Append(BytesOf(row).first(piece.row_bytes));
}

}  // namespace director::conntrack
