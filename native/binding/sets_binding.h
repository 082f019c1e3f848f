#pragma once

#include <napi.h>

#include "binding/commit_binding.h"

namespace director::binding {

// Adds the layout of set entries and the bits of its `fields` to `exports` (native/binding/sets_layout.cc).
void ExportSetsLayouts(Napi::Env env, Napi::Object exports);

// Adds the calls of lib/native.ts's SetsCalls to `exports`. All take a KernelHandle first and return
// promises.
void ExportSetsCalls(Napi::Env env, Napi::Object exports);

// Runs of a batch whose table is 'sets' (native/binding/sets_run.cc):
//   { text: Uint8Array[] }                                       pieces as ipset/changes.h describes them
//   { set, action, exclusive, rows: ArrayBuffer, stride }        rows of EntryRow
//   { set, action, exclusive, columns: { size, family, … } }     typed arrays
RunWork SetsRun(const Napi::Object& run, const Napi::Value& kernel, Pins& pins);

// canonical(kernel, pieces) → Promise<ArrayBuffer>: entries for one set, as `save` would print them there
// (ipset/canonical.h).
Napi::Value CanonicalEntries(const Napi::CallbackInfo& info);

}  // namespace director::binding
