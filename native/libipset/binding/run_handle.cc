// SPDX-License-Identifier: GPL-2.0-only
#include "binding/run_handle.h"

#include <signal.h>

#include <thread>
#include <utility>
#include <variant>

#include "run.h"

namespace director::libipset::binding {
namespace {

using Message = std::variant<Event, Result>;

void Deliver(Napi::Env env, Napi::Function on_event, std::nullptr_t*, Message* message);
using Notifier = Napi::TypedThreadSafeFunction<std::nullptr_t, Message, Deliver>;

const char* NameOf(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::kStarted:
      return "started";
    case Event::Kind::kInput:
      return "input";
    case Event::Kind::kOutput:
      return "output";
    case Event::Kind::kDiagnostic:
      return "diagnostic";
  }
  return "";
}

const char* NameOf(Failure::Kind kind) {
  switch (kind) {
    case Failure::Kind::kSystem:
      return "system";
    case Failure::Kind::kIpset:
      return "ipset";
    case Failure::Kind::kNotice:
      return "notice";
    case Failure::Kind::kRefused:
      return "refused";
  }
  return "";
}

Napi::Value ToValue(Napi::Env env, const Failure& failure) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("kind", NameOf(failure.kind));
  value.Set("message", failure.message);
  value.Set("line", failure.line);
  value.Set("text", failure.text);
  value.Set("number", failure.number);
  value.Set("type", failure.type);
  value.Set("word", failure.word);
  value.Set("allowed", failure.allowed);
  return value;
}

Napi::Value ToValue(Napi::Env env, const Result& result) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("exitCode", result.exit_code & 0xff);
  value.Set("cancelled", result.cancelled);
  value.Set("lines", result.lines);
  value.Set("failure", result.failure ? ToValue(env, *result.failure) : env.Undefined());
  Napi::Array warnings = Napi::Array::New(env);
  for (const std::string& warning : result.warnings) warnings.Set(warnings.Length(), warning);
  value.Set("warnings", warnings);
  return value;
}

// On the JavaScript thread, except that a torn-down environment hands back what it never delivered.
void Deliver(Napi::Env env, Napi::Function on_event, std::nullptr_t*, Message* raw) {
  const std::unique_ptr<Message> message(raw);
  if (env == nullptr) return;
  if (const auto* result = std::get_if<Result>(message.get())) {
    on_event.Call({Napi::String::New(env, "end"), ToValue(env, *result)});
    return;
  }
  const Event& event = std::get<Event>(*message);
  const Napi::Value value = event.kind == Event::Kind::kInput
                                ? Napi::String::New(env, event.bytes).As<Napi::Value>()
                                : Napi::Buffer<char>::Copy(env, event.bytes.data(), event.bytes.size());
  on_event.Call({Napi::String::New(env, NameOf(event.kind)), value});
}

// Signals belong to Node's own threads; here one would only interrupt a wait for the kernel.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

Permissions PermissionsOf(const Napi::Object& value) {
  const auto allowed = [&](const char* name) { return value.Get(name).ToBoolean().Value(); };
  return {.host_names = allowed("hostNames"),
          .service_names = allowed("serviceNames"),
          .files = allowed("files")};
}

Words WordsOf(const Napi::Array& values) {
  Words words;
  for (uint32_t i = 0; i < values.Length(); ++i) words.push_back(values.Get(i).As<Napi::String>());
  return words;
}

Request RequestOf(const Napi::Object& value) {
  Request request;
  const std::string mode = value.Get("mode").As<Napi::String>();
  if (mode == "restore") request.mode = Request::Mode::kRestore;
  request.words = WordsOf(value.Get("words").As<Napi::Array>());
  request.network_namespace = value.Get("networkNamespace").As<Napi::String>();
  request.ignores_presence = value.Get("ignoresPresence").ToBoolean();
  const Napi::Value screen = value.Get("screen");
  if (screen.IsObject()) request.screen = PermissionsOf(screen.As<Napi::Object>());
  return request;
}

}  // namespace

// Shared by the JavaScript object and the run's thread; whoever goes last takes it along.
struct RunState {
  explicit RunState(Request what)
      : request(std::move(what)), channel([this](Event event) { Post(std::move(event)); }) {}

  void Post(Message message) {
    auto owned = std::make_unique<Message>(std::move(message));
    if (notifier.NonBlockingCall(owned.get()) == napi_ok) static_cast<void>(owned.release());
  }
  void Work() {
    Post(Execute(request, channel));
    notifier.Release();
  }
  void Join() {
    if (thread.joinable()) thread.join();
  }

  const Request request;
  Notifier notifier;
  Channel channel;
  std::thread thread;
};

namespace {

// Runs before the notifier is taken down, since it was registered after it.
void StopAtTeardown(void* data) {
  auto* state = static_cast<RunState*>(data);
  state->channel.Cancel();
  state->Join();
}

void Start(Napi::Env env, const std::shared_ptr<RunState>& state, const Napi::Function& on_event) {
  state->notifier = Notifier::New(env, on_event, "ipvs_director.libipset", 0, 1, nullptr,
                                  [state](Napi::Env finished, void*, std::nullptr_t*) {
                                    state->Join();
                                    napi_remove_env_cleanup_hook(finished, StopAtTeardown, state.get());
                                  });
  napi_add_env_cleanup_hook(env, StopAtTeardown, state.get());
  const BlockedSignals blocked;
  state->thread = std::thread([state = state.get()] { state->Work(); });
}

}  // namespace

Napi::Function RunHandle::Define(Napi::Env env) {
  return DefineClass(env, "RunHandle",
                     {
                         InstanceMethod<&RunHandle::Push>("push"),
                         InstanceMethod<&RunHandle::End>("end"),
                         InstanceMethod<&RunHandle::RefuseInput>("refuseInput"),
                         InstanceMethod<&RunHandle::Consumed>("consumed"),
                         InstanceMethod<&RunHandle::Cancel>("cancel"),
                     });
}

RunHandle::RunHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<RunHandle>(info),
      state_(std::make_shared<RunState>(RequestOf(info[0].As<Napi::Object>()))) {
  Start(info.Env(), state_, info[1].As<Napi::Function>());
}

void RunHandle::Push(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  state_->channel.Push(std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()));
}

void RunHandle::End(const Napi::CallbackInfo&) {
  state_->channel.End();
}

void RunHandle::RefuseInput(const Napi::CallbackInfo&) {
  state_->channel.RefuseInput();
}

void RunHandle::Consumed(const Napi::CallbackInfo& info) {
  state_->channel.Consumed(static_cast<size_t>(info[0].As<Napi::Number>().Int64Value()));
}

void RunHandle::Cancel(const Napi::CallbackInfo&) {
  state_->channel.Cancel();
}

}  // namespace director::libipset::binding
