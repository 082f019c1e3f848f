#include "conntrack/flow_rows.h"

#include <cstring>

namespace director::conntrack {
namespace {

// Moves the rows apart, and puts zeroes between them.
void Widen(RowPiece& piece, size_t row_bytes) {
  RowBuffer wide;
  const size_t rows = piece.rows();
  wide.Reserve((rows + 1) * row_bytes);
  for (size_t row = 0; row < rows; ++row) {
    uint8_t* const place = wide.Extend(row_bytes);
    std::memcpy(place, piece.bytes.data() + row * piece.row_bytes, piece.row_bytes);
    std::memset(place + piece.row_bytes, 0, row_bytes - piece.row_bytes);
  }
  piece = {std::move(wide), row_bytes};
}

}  // namespace

void AppendFlow(RowPiece& piece, const FlowRow& row) {
  const size_t wanted = FlowRowBytes(row.present);
  if (piece.bytes.empty()) piece.row_bytes = std::max(piece.row_bytes, wanted);
  if (wanted > piece.row_bytes) Widen(piece, wanted);
  piece.bytes.Append(BytesOf(row).first(piece.row_bytes));
}

}  // namespace director::conntrack
