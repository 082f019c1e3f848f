#include "binding/listener_handle.h"

#include <utility>
#include <vector>

#include "binding/buffers.h"
#include "binding/kernel_handle.h"
#include "binding/task.h"
#include "conntrack/listener.h"

namespace director::binding {

using conntrack::Chunk;
using conntrack::ChunkKind;
using conntrack::FilterKind;
using conntrack::FilterRules;
using conntrack::Listener;
using conntrack::LossReason;

void Notify(Napi::Env env, Napi::Function, ListenerState* state, std::nullptr_t*);
using Notifier = Napi::TypedThreadSafeFunction<ListenerState, std::nullptr_t, Notify>;

// Shared by the JavaScript object, its tasks and the notifier. The reader's thread knows it by address: it
// ends before its listener goes.
struct ListenerState {
  // JS thread.
  void Settle() {
    if (!waiting) return;
    const auto deferred = *std::exchange(waiting, std::nullopt);
    notifier.Unref(deferred.Env());
    deferred.Resolve(deferred.Env().Undefined());
  }
  // JS thread, once: from here on nothing refers to the notifier.
  void ReleaseNotifier() {
    if (std::exchange(released, true)) return;
    listener->Close();
    notifier.Release();
  }

  Notifier notifier;
  bool released = false;
  std::optional<Napi::Promise::Deferred> waiting;
  std::optional<Listener> listener;
};

// On the JS thread, after the reader has called; without an environment when that is being torn down.
void Notify(Napi::Env env, Napi::Function, ListenerState* state, std::nullptr_t*) {
  if (env != nullptr) state->Settle();
}

namespace {

// Runs before the notifier is taken down, since it was registered after it.
void CloseAtTeardown(void* data) {
  static_cast<ListenerState*>(data)->ReleaseNotifier();
}

// An ArrayBuffer is aligned for any record.
std::span<const conntrack::FilterRow> RowsOf(const Napi::Value& value) {
  const Bytes bytes = BytesOfValue(value);
  return {reinterpret_cast<const conntrack::FilterRow*>(bytes.data()),
          bytes.size() / sizeof(conntrack::FilterRow)};
}

const char* NameOf(FilterKind kind) {
  switch (kind) {
    case FilterKind::kKernel:
      return "ebpf";
    case FilterKind::kNative:
      return "native";
    case FilterKind::kNone:
      break;
  }
  return "none";
}

const char* NameOf(LossReason reason) {
  return reason == LossReason::kOverrun ? "overrun" : "unreadable";
}

conntrack::ListenerOptions OptionsOf(const Napi::Object& object) {
  const auto number = [&](const char* name) { return object.Get(name).As<Napi::Number>(); };
  conntrack::ListenerOptions options;
  const Napi::Array groups = object.Get("groups").As<Napi::Array>();
  for (uint32_t i = 0; i < groups.Length(); ++i) {
    options.groups.push_back(groups.Get(i).As<Napi::Number>().Uint32Value());
  }
  options.all_namespaces = object.Get("allNamespaces").ToBoolean();
  options.receive_buffer_bytes = number("receiveBufferBytes").Int32Value();
  options.most_queued_bytes = static_cast<size_t>(number("queueBytes").Int64Value());
  options.latency_ms = number("latencyMs").Int32Value();
  options.filter_capacity = number("filterCapacity").Uint32Value();
  options.await_filter = object.Get("awaitFilter").ToBoolean();
  options.resync = object.Get("resync").ToBoolean();
  options.resync_interval_ms = number("resyncIntervalMs").Int32Value();
  return options;
}

Napi::Value ChunkValue(Napi::Env env, Chunk&& chunk) {
  Napi::Object object = Napi::Object::New(env);
  if (chunk.kind == ChunkKind::kLost) {
    object.Set("lost", static_cast<double>(chunk.lost));
    object.Set("reason", NameOf(chunk.reason));
    return object;
  }
  object.Set("kind", static_cast<uint32_t>(chunk.kind));
  object.Set("rowBytes", static_cast<double>(chunk.rows.row_bytes));
  object.Set("rows", ToArrayBuffer(env, std::move(chunk.rows.bytes)));
  return object;
}

}  // namespace

Napi::Function ListenerHandle::Define(Napi::Env env) {
  return DefineClass(env, "ListenerHandle",
                     {
                         InstanceMethod<&ListenerHandle::Take>("take"),
                         InstanceMethod<&ListenerHandle::Wait>("wait"),
                         InstanceMethod<&ListenerHandle::StartKernelFilter>("startKernelFilter"),
                         InstanceMethod<&ListenerHandle::SetFilter>("setFilter"),
                         InstanceMethod<&ListenerHandle::Close>("close"),
                         InstanceMethod<&ListenerHandle::Status>("status"),
                     });
}

ListenerHandle::ListenerHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ListenerHandle>(info) {
  const Napi::Env env = info.Env();
  const auto kernel = KernelHandle::StateOf(info[0]);
  const Napi::Object object = info[1].As<Napi::Object>();
  const conntrack::ListenerOptions options = OptionsOf(object);
  const Napi::Value rows = object.Get("rows");
  std::optional<FilterRules> rules;
  if (!rows.IsUndefined()) {
    rules = conntrack::MakeRules(object.Get("conditions").As<Napi::Number>().Uint32Value(), RowsOf(rows));
  }

  auto state = std::make_shared<ListenerState>();
  // The finalizer keeps the state until the last call that was on its way has been dropped.
  state->notifier = Notifier::New(env, "ipvs_director.listen", 0, 1, state.get(),
                                  [state](Napi::Env, void*, ListenerState*) {});
  state->notifier.Unref(env);
  try {
    state->listener.emplace(kernel->where, options, rules ? &*rules : nullptr,
                            [raw = state.get()] { raw->notifier.NonBlockingCall(); });
  } catch (const KernelError& error) {
    state->notifier.Release();
    throw Napi::Error(env, ErrorValue(env, error));
  }
  napi_add_env_cleanup_hook(env, CloseAtTeardown, state.get());
  state_ = std::move(state);
}

// Collected, or at the end of the environment, where the hook has run before.
ListenerHandle::~ListenerHandle() {
  if (!state_ || state_->released) return;
  napi_remove_env_cleanup_hook(Env(), CloseAtTeardown, state_.get());
  state_->ReleaseNotifier();
}

Napi::Value ListenerHandle::Take(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    auto chunk = state_->listener->Take();
    return chunk ? ChunkValue(info.Env(), std::move(*chunk)) : info.Env().Null();
  });
}

Napi::Value ListenerHandle::Wait(const Napi::CallbackInfo& info) {
  if (state_->waiting) throw Napi::Error::New(info.Env(), "one wait() at a time");
  state_->waiting.emplace(info.Env());
  state_->notifier.Ref(info.Env());
  return state_->waiting->Promise();
}

Napi::Value ListenerHandle::StartKernelFilter(const Napi::CallbackInfo& info) {
  return StartDone(info.Env(), "ipvs_director.startKernelFilter",
                   [state = state_] { state->listener->StartKernelFilter(); });
}

Napi::Value ListenerHandle::SetFilter(const Napi::CallbackInfo& info) {
  // The rows are sorted on the pool thread as well: there may be many.
  const uint32_t conditions = info[0].As<Napi::Number>();
  Pins pins;
  Pin(pins, info[1]);
  return Task<Done>::Start(
      info.Env(), "ipvs_director.setFilter",
      [state = state_, conditions, rows = RowsOf(info[1])] {
        state->listener->SetFilter(conntrack::MakeRules(conditions, rows));
        return Done{};
      },
      [](Napi::Env env, Done&) { return env.Undefined(); }, std::move(pins));
}

Napi::Value ListenerHandle::Close(const Napi::CallbackInfo& info) {
  return Task<Done>::Start(
      info.Env(), "ipvs_director.closeListener",
      [state = state_] { return state->listener->CloseWhenRead(), Done{}; },
      [state = state_](Napi::Env env, Done&) {
        state->Settle();
        return env.Undefined();
      });
}

Napi::Value ListenerHandle::Status(const Napi::CallbackInfo& info) {
  const Listener& listener = *state_->listener;
  Napi::Object object = Napi::Object::New(info.Env());
  const auto number = [&](const char* name, uint64_t value) { object.Set(name, static_cast<double>(value)); };
  object.Set("filterKind", NameOf(listener.filter_kind()));
  number("receiveBufferBytes", listener.receive_capacity());
  number("received", listener.received());
  number("lost", listener.lost());
  number("queuedBytes", listener.queued_bytes());
  number("knownFlows", listener.known_flows());
  return object;
}

}  // namespace director::binding
