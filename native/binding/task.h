#pragma once

#include <napi.h>

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "binding/errors.h"
#include "util/error.h"

namespace director::binding {

// JavaScript values that must outlive a task. Made and dropped on the JS thread.
using Pins = std::vector<Napi::Reference<Napi::Value>>;

inline void Pin(Pins& pins, const Napi::Value& value) {
  pins.push_back(Napi::Persistent(value));
}

// One piece of blocking work, in three phases:
//   Capture  JS thread      the caller turns arguments into C++ values before it calls Start()
//   Run      pool thread    talks to the kernel; has no env in scope
//   Settle   JS thread      turns the result into a JavaScript value for the promise
// Node waits for running tasks before it tears an environment down, so a task needs no teardown of its own.
template <class Result>
class Task final : public Napi::AsyncWorker {
 public:
  using Run = std::function<Result()>;
  using Settle = std::function<Napi::Value(Napi::Env, Result&)>;

  static Napi::Value Start(Napi::Env env, const char* name, Run run, Settle settle, Pins pins = {}) {
    auto* task = new Task(env, name, std::move(run), std::move(settle), std::move(pins));
    const Napi::Promise promise = task->deferred_.Promise();
    task->Queue();  // Node-API owns it from here and deletes it after settling.
    return promise;
  }

 protected:
  void Execute() override {
    try {
      result_.emplace(run_());
    } catch (const KernelError& error) {
      failure_ = error;
    }
  }

  void OnOK() override {
    const Napi::HandleScope scope(Env());
    if (failure_) {
      deferred_.Reject(ErrorValue(Env(), *failure_));
      return;
    }
    deferred_.Resolve(settle_(Env(), *result_));
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Task(Napi::Env env, const char* name, Run run, Settle settle, Pins pins)
      : Napi::AsyncWorker(env, name),
        deferred_(Napi::Promise::Deferred::New(env)),
        run_(std::move(run)),
        settle_(std::move(settle)),
        pins_(std::move(pins)) {}

  Napi::Promise::Deferred deferred_;
  Run run_;
  Settle settle_;
  Pins pins_;
  std::optional<Result> result_;
  std::optional<KernelError> failure_;
};

// The result of a task that only has to succeed.
struct Done {};

inline Napi::Value StartDone(Napi::Env env, const char* name, std::function<void()> run) {
  return Task<Done>::Start(
      env, name, [run = std::move(run)] { return run(), Done{}; },
      [](Napi::Env settled, Done&) { return settled.Undefined(); });
}

}  // namespace director::binding
