#pragma once

#include <napi.h>

namespace director::binding {

// Adds the row layouts of IPVS to `exports` (native/binding/ipvs_layout.cc).
void ExportIpvsLayouts(Napi::Env env, Napi::Object exports);

// Adds the calls of lib/native.ts's IpvsCalls to `exports`. All take a KernelHandle first and return
// promises.
void ExportIpvsCalls(Napi::Env env, Napi::Object exports);

}  // namespace director::binding
