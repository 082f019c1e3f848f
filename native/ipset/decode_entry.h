#pragma once

#include <array>

#include "ipset/entry_shape.h"
#include "ipset/records.h"
#include "util/bytes.h"

namespace director::ipset {

// Reads the elements of a listing: the payloads of its DATA nests. One thread at a time.
class EntryReader {
 public:
  // `row` must be zeroed; attributes that are unknown are skipped. False when one has a wrong length, or
  // there is no element at all.
  bool Read(Bytes element, EntryRow& row);

 private:
  bool ReadEach(Bytes element, EntryRow& row);

  EntryShape last_;
};

}  // namespace director::ipset
