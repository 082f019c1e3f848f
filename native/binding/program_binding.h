#pragma once

#include <napi.h>

namespace director::binding {

// Adds run() to `exports`. See ProgramCalls in lib/native.ts.
void ExportProgramCalls(Napi::Env env, Napi::Object exports);

}  // namespace director::binding
