#pragma once

#include <napi.h>

#include "binding/commit_binding.h"

namespace director::binding {

// Adds the row layouts of flows, expectations and filters to `exports` (native/binding/conntrack_layout.cc).
void ExportConntrackLayouts(Napi::Env env, Napi::Object exports);

// Adds the calls of lib/native-conntrack.ts to `exports`. All take a KernelHandle first.
void ExportConntrackCalls(Napi::Env env, Napi::Object exports);

// A run of writes: { table: 'conntrack', rows }.
RunWork ConntrackRun(const Napi::Object& run, const Napi::Value& kernel, Pins& pins);

}  // namespace director::binding
