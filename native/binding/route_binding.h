#pragma once

#include <napi.h>

namespace director::binding {

// Adds the row layouts of links and addresses to `exports` (native/binding/route_layout.cc).
void ExportRouteLayouts(Napi::Env env, Napi::Object exports);

// Adds the calls of lib/native.ts's RouteCalls to `exports`. All take a KernelHandle first and return
// promises.
void ExportRouteCalls(Napi::Env env, Napi::Object exports);

}  // namespace director::binding
