#pragma once

#include <napi.h>

#include "util/error.h"

namespace director::binding {

// { operation, number, detail } on an Error: lib/native.ts turns it into a NetlinkError with a name and a
// stack.
Napi::Value ErrorValue(Napi::Env env, const KernelError& error);

// Runs `function` on the JS thread; a KernelError becomes a thrown JavaScript error.
template <class Function>
auto Guard(Napi::Env env, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const KernelError& error) {
    throw Napi::Error(env, ErrorValue(env, error));
  }
}

}  // namespace director::binding
