// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <napi.h>

#include <memory>

namespace director::libipset::binding {

struct RunState;

// One run of libipset, on a thread of its own:
//   new RunHandle({ mode: 'command' | 'restore', words, networkNamespace, ignoresPresence, screen }, onEvent)
//     starts it. onEvent(kind, value) hears 'started'; 'input' with a file's name, to be answered by one
//     push(), end() or refuseInput(); 'output' and 'diagnostic' with a Buffer, to be answered by consumed();
//     at last 'end' with the result.
//   cancel() makes it end soon. An environment that is torn down cancels its runs and waits for them.
class RunHandle final : public Napi::ObjectWrap<RunHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit RunHandle(const Napi::CallbackInfo& info);

 private:
  void Push(const Napi::CallbackInfo& info);
  void End(const Napi::CallbackInfo& info);
  void RefuseInput(const Napi::CallbackInfo& info);
  void Consumed(const Napi::CallbackInfo& info);
  void Cancel(const Napi::CallbackInfo& info);

  std::shared_ptr<RunState> state_;
};

}  // namespace director::libipset::binding
