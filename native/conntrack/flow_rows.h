#pragma once

#include "conntrack/records.h"
#include "util/row_memory.h"

namespace director::conntrack {

// Appends a flow to rows of one length. They leave out what not all have (FlowRowBytes) until one comes
// that has it: then all before it get the room as well.
void AppendFlow(RowPiece& piece, const FlowRow& row);

}  // namespace director::conntrack
