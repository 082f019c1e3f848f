#pragma once

#include "ipset/records.h"
#include "ipset/set_type.h"
#include "util/bytes.h"

namespace director::ipset {

// Reads the payload of one DATA nest of a listing. `row` must be zeroed; attributes that are unknown are
// skipped. False when one has a wrong length, or there is no element at all.
bool ReadEntry(Bytes payload, EntryRow& row);

}  // namespace director::ipset
