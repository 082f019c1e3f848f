#pragma once

#include "ipset/records.h"
#include "util/bytes.h"

namespace director::ipset {

// Whether to send what hangs on an element: for a removal or a test only the element itself counts.
enum class Extensions { kInclude, kLeaveOut };

// Writes one entry as a DATA nest at the front of `room`, which must hold kMaxElementBytes; returns its
// length. `line` numbers it within a list, so that the kernel can name it; 0 where it stands alone.
size_t EncodeEntry(const EntryRow& row, Extensions extensions, uint32_t line, MutableBytes room);

}  // namespace director::ipset
