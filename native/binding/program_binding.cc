#include "binding/program_binding.h"

#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "binding/buffers.h"
#include "binding/errors.h"
#include "netlink/namespace.h"
#include "program/run.h"

namespace director::binding {
namespace {

struct RunState;
void Settle(Napi::Env env, Napi::Function, RunState* state, std::nullptr_t*);
using Notifier = Napi::TypedThreadSafeFunction<RunState, std::nullptr_t, Settle>;

// A program may take its time, and a pool thread that waits for it would keep the process from ending: each
// run has a thread of its own. The notifier's finalizer keeps the state until that thread is gone.
struct RunState {
  explicit RunState(Napi::Env env) : deferred(env) {}

  // The run's thread.
  void Work() {
    try {
      const auto where = netns ? netlink::Namespace::Open(*netns) : netlink::Namespace{};
      result = program::Run(where, command, input, stop);
    } catch (const KernelError& error) {
      failure = error;
    } catch (const std::system_error& error) {
      failure = KernelError("start thread", error.code().value());
    }
    notifier.NonBlockingCall();
    notifier.Release();
  }
  // JS thread.
  void End() {
    stop.Now();
    if (thread.joinable()) thread.join();
  }

  std::optional<std::string> netns;
  program::Command command;
  std::string input;
  program::Stop stop;
  Napi::Promise::Deferred deferred;
  Notifier notifier;
  std::thread thread;
  std::optional<program::Result> result;
  std::optional<KernelError> failure;
};

// On the JS thread; without an environment when that is being torn down.
void Settle(Napi::Env env, Napi::Function, RunState* state, std::nullptr_t*) {
  if (env == nullptr) return;
  if (state->failure) {
    state->deferred.Reject(ErrorValue(env, *state->failure));
    return;
  }
  if (!state->result) {
    state->deferred.Resolve(env.Null());
    return;
  }
  Napi::Object value = Napi::Object::New(env);
  value.Set("code", state->result->exit_code);
  value.Set("output", state->result->output);
  value.Set("errors", state->result->errors);
  state->deferred.Resolve(value);
}

// Runs before the notifier is taken down, since it was registered after it.
void EndAtTeardown(void* data) {
  static_cast<RunState*>(data)->End();
}

std::vector<std::string> TextsOfValue(const Napi::Value& value) {
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < array.Length(); ++i) texts.push_back(TextOfValue(array.Get(i)));
  return texts;
}

void StartThread(Napi::Env env, const std::shared_ptr<RunState>& state) {
  state->notifier = Notifier::New(env, "ipvs_director.runProgram", 0, 1, state.get(),
                                  [state](Napi::Env ended, void*, RunState*) {
                                    state->End();
                                    napi_remove_env_cleanup_hook(ended, EndAtTeardown, state.get());
                                  });
  napi_add_env_cleanup_hook(env, EndAtTeardown, state.get());
  try {
    state->thread = std::thread([raw = state.get()] { raw->Work(); });
  } catch (const std::system_error& error) {
    state->notifier.Release();
    throw KernelError("start thread", error.code().value());
  }
}

// run(netns | undefined, words, environment, input) → Promise<{ code, output, errors } | null>
Napi::Value Run(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const auto state = std::make_shared<RunState>(info.Env());
    if (!info[0].IsUndefined()) state->netns = TextOfValue(info[0]);
    state->command = {TextsOfValue(info[1]), TextsOfValue(info[2])};
    state->input = TextOfValue(info[3]);
    const Napi::Promise promise = state->deferred.Promise();
    StartThread(info.Env(), state);
    return promise;
  });
}

}  // namespace

void ExportProgramCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New<Run>(env));
}

}  // namespace director::binding
