#pragma once

#include <napi.h>

#include <memory>
#include <optional>

namespace director::binding {

struct ListenerState;

// A stream of conntrack events, read by a thread of its own:
//   new ListenerHandle(kernel, options)   starts it; lib/native-conntrack.ts types the options
//   take()     → the next chunk, or null: there is none yet. Throws what ended the reader.
//   wait()     → Promise<void>: there may be one, or the stream has been closed. After a take() that gave
//   null. setFilter(conditions, rows) → Promise<void> close()    → Promise<void>: the reader has ended; what
//   is queued can still be taken status()   → { filterKind, receiveBufferBytes, received, lost, queuedBytes }
// Only a wait() under way keeps the process alive. An object that is collected and an environment that is
// torn down close the stream.
class ListenerHandle final : public Napi::ObjectWrap<ListenerHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit ListenerHandle(const Napi::CallbackInfo& info);
  ~ListenerHandle() override;

 private:
  Napi::Value Take(const Napi::CallbackInfo& info);
  Napi::Value Wait(const Napi::CallbackInfo& info);
  Napi::Value SetFilter(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Status(const Napi::CallbackInfo& info);

  std::shared_ptr<ListenerState> state_;
};

}  // namespace director::binding
