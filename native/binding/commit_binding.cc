#include "binding/commit_binding.h"

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "binding/buffers.h"
#include "binding/conntrack_binding.h"
#include "binding/kernel_handle.h"
#include "binding/sets_binding.h"

namespace director::binding {
namespace {

using netlink::BatchEnd;
using netlink::BatchOptions;
using netlink::RunReport;

RunWork IpvsRun(const Napi::Object& run, const Napi::Value& kernel, Pins& pins) {
  return [state = KernelHandle::StateOf(kernel), tables = TablesOf(run, pins)](const BatchOptions& options,
                                                                               RunReport& report) {
    return state->ipvs.Commit(tables, options, report);
  };
}

RunWork AddressRun(const Napi::Object& run, const Napi::Value& kernel, Pins& pins) {
  return [state = KernelHandle::StateOf(kernel), tables = TablesOf(run, pins)](const BatchOptions& options,
                                                                               RunReport& report) {
    return state->links.Commit(tables, options, report);
  };
}

RunFactory FactoryFor(std::string_view table) {
  constexpr std::array<std::pair<std::string_view, RunFactory>, 4> kFactories{{
      {"ipvs", IpvsRun},
      {"addresses", AddressRun},
      {"sets", SetsRun},
      {"conntrack", ConntrackRun},
  }};
  for (const auto& [name, factory] : kFactories) {
    if (name == table) return factory;
  }
  return nullptr;
}

struct Outcome {
  BatchEnd end = BatchEnd::kFinished;
  std::vector<RunReport> reports;
  // What broke the last run, where that was no refusal of an operation.
  std::optional<KernelError> failure;
};

Outcome RunAll(const std::vector<RunWork>& runs, const BatchOptions& options) {
  Outcome outcome;
  for (const RunWork& run : runs) {
    try {
      outcome.end = run(options, outcome.reports.emplace_back());
    } catch (const KernelError& error) {
      outcome.end = BatchEnd::kStopped;
      outcome.failure = error;
    }
    if (outcome.end != BatchEnd::kFinished) break;
  }
  return outcome;
}

// One refused operation as JavaScript reads it; `text` counts from 1 into the run's texts, 0 means none.
struct RefusalRow {
  uint32_t operation;
  int32_t code;
  uint32_t text;
};

Napi::Object ReportValue(Napi::Env env, RunReport& report) {
  std::vector<RefusalRow> rows;
  rows.reserve(report.refused.size());
  Napi::Array texts = Napi::Array::New(env);
  const std::string* last = nullptr;
  for (const netlink::Refusal& refusal : report.refused) {
    // Where a million are refused, it is mostly for one reason.
    const bool other = last == nullptr || *last != refusal.text;
    if (other && !refusal.text.empty()) texts.Set(texts.Length(), refusal.text);
    if (!refusal.text.empty()) last = &refusal.text;
    rows.push_back({refusal.operation, refusal.code, refusal.text.empty() ? 0 : texts.Length()});
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("attempted", report.attempted);
  object.Set("refused", ToArrayBuffer(env, std::move(rows)));
  object.Set("texts", texts);
  return object;
}

const char* EndName(BatchEnd end) {
  switch (end) {
    case BatchEnd::kFinished:
      return "finished";
    case BatchEnd::kStopped:
      return "stopped";
    case BatchEnd::kAborted:
      break;
  }
  return "aborted";
}

Napi::Value OutcomeValue(Napi::Env env, Outcome& outcome) {
  Napi::Array reports = Napi::Array::New(env, outcome.reports.size());
  for (uint32_t i = 0; i < outcome.reports.size(); ++i) reports.Set(i, ReportValue(env, outcome.reports[i]));
  Napi::Object object = Napi::Object::New(env);
  object.Set("end", EndName(outcome.end));
  object.Set("runs", reports);
  if (outcome.failure) object.Set("failure", ErrorValue(env, *outcome.failure));
  return object;
}

BatchOptions OptionsOf(const Napi::Object& object, Pins& pins) {
  BatchOptions options;
  options.stop_on_refusal = object.Get("stopOnRefusal").ToBoolean();
  if (options.stop_on_refusal) options.in_flight = 1;
  const Napi::Value aborted = object.Get("aborted");
  if (!aborted.IsUndefined()) {
    options.aborted = BytesOfValue(aborted).data();
    Pin(pins, aborted);
  }
  return options;
}

}  // namespace

std::vector<Bytes> TablesOf(const Napi::Object& run, Pins& pins) {
  std::vector<Bytes> tables;
  const Napi::Array rows = run.Get("rows").As<Napi::Array>();
  for (uint32_t i = 0; i < rows.Length(); ++i) {
    const Napi::Value table = rows.Get(i);
    tables.push_back(BytesOfValue(table));
    Pin(pins, table);
  }
  return tables;
}

Napi::Value Commit(const Napi::CallbackInfo& info) {
  Pins pins;
  std::vector<RunWork> runs;
  const Napi::Array values = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < values.Length(); ++i) {
    const Napi::Object run = values.Get(i).As<Napi::Object>();
    const RunFactory factory = FactoryFor(run.Get("table").ToString().Utf8Value());
    if (factory == nullptr) throw Napi::TypeError::New(info.Env(), "unknown table in a batch");
    runs.push_back(factory(run, info[0], pins));
  }
  const BatchOptions options = OptionsOf(info[2].As<Napi::Object>(), pins);
  return Task<Outcome>::Start(
      info.Env(), "ipvs_director.commit", [runs = std::move(runs), options] { return RunAll(runs, options); },
      OutcomeValue, std::move(pins));
}

}  // namespace director::binding
