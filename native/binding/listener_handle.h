#pragma once

#include <napi.h>

#include <memory>
#include <optional>

namespace director::binding {

struct ListenerState;

// A stream of conntrack events, read by a thread of its own; lib/native-conntrack.ts types it:
//   new ListenerHandle(kernel, options)   starts it
//   take()      the next chunk, or null: there is none yet. Throws what ended the reader.
//   wait()      resolves when there may be one, or the stream is closed. After a take() that gave null.
//   startKernelFilter()  has the kernel filter as well
//   setFilter(conditions, rows)
//   close()     resolves when the reader has ended; what is queued can still be taken
//   status()    { filterKind, receiveBufferBytes, received, lost, queuedBytes, knownFlows }
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
  Napi::Value StartKernelFilter(const Napi::CallbackInfo& info);
  Napi::Value SetFilter(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Status(const Napi::CallbackInfo& info);

  std::shared_ptr<ListenerState> state_;
};

}  // namespace director::binding
