#pragma once

#include <napi.h>

#include "ipset/set_header.h"

namespace director::binding {

// A set's header as a plain object, both ways: { name, type, family, revision, hashsize?, …, counters, … },
// and, when it is read, elements, references and memoryBytes. Addresses are Uint8Arrays of 4 or 16
// bytes.
ipset::SetHeader HeaderOfValue(const Napi::Object& object);
Napi::Object ValueOfHeader(Napi::Env env, const ipset::SetHeader& header);

}  // namespace director::binding
