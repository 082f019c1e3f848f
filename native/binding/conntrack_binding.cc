#include "binding/conntrack_binding.h"

#include <memory>
#include <utility>
#include <vector>

#include "binding/buffers.h"
#include "binding/dump_handle.h"
#include "binding/kernel_handle.h"
#include "binding/listener_handle.h"
#include "conntrack/client.h"

namespace director::binding {
namespace {

// One record that came as bytes.
template <class Record>
Record RecordOf(const Napi::Value& value) {
  const Bytes bytes = BytesOfValue(value);
  if (bytes.size() != sizeof(Record)) throw Napi::RangeError::New(value.Env(), "record of a wrong size");
  Record record;
  std::memcpy(&record, bytes.data(), sizeof record);
  return record;
}

// Rows that the work returns, as an ArrayBuffer.
template <class Row>
Napi::Value StartRows(Napi::Env env, const char* name, std::function<std::vector<Row>()> work) {
  return Task<std::vector<Row>>::Start(env, name, std::move(work), [](Napi::Env settled, auto& rows) {
    return ToArrayBuffer(settled, std::move(rows));
  });
}

// flows(kernel, filter) → DumpHandle
Napi::Value Flows(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto filter = RecordOf<conntrack::FlowFilter>(info[1]);
  return DumpHandle::New(info.Env(), [state, filter, dump = std::shared_ptr<conntrack::FlowDump>()](
                                         RowPiece& piece, size_t enough) mutable {
    if (!dump) dump = std::make_shared<conntrack::FlowDump>(state->conntrack.pool(), filter);
    return dump->ReadRows(piece, enough);
  });
}

// get(kernel, row) → Promise<ArrayBuffer> of one flow row, or of none
Napi::Value Get(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto identity = RecordOf<conntrack::FlowRow>(info[1]);
  return StartRows<conntrack::FlowRow>(info.Env(), "ipvs_director.getFlow", [=] {
    const auto found = state->conntrack.Get(identity);
    return found ? std::vector{*found} : std::vector<conntrack::FlowRow>();
  });
}

// delete(kernel, filter) → Promise<{ deleted, gone, inKernel }>
Napi::Value Delete(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto filter = RecordOf<conntrack::FlowFilter>(info[1]);
  return Task<conntrack::Deletion>::Start(
      info.Env(), "ipvs_director.deleteFlows", [=] { return state->conntrack.Delete(filter); },
      [](Napi::Env env, conntrack::Deletion& deletion) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("deleted", static_cast<double>(deletion.deleted));
        object.Set("gone", static_cast<double>(deletion.gone));
        object.Set("inKernel", deletion.in_kernel);
        return object;
      });
}

// deletes(kernel) → Promise<{ family, mark, status, zone, tuple }>
Napi::Value Deletes(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return Task<conntrack::KernelConditions>::Start(
      info.Env(), "ipvs_director.probeDeletes", [=] { return state->conntrack.deletes(); },
      [](Napi::Env env, conntrack::KernelConditions& able) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("family", able.family);
        object.Set("mark", able.mark);
        object.Set("status", able.status);
        object.Set("zone", able.zone);
        object.Set("tuple", able.tuple);
        return object;
      });
}

// count(kernel) → Promise<{ entries, maxEntries }>
Napi::Value Count(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return Task<conntrack::TableStats>::Start(
      info.Env(), "ipvs_director.countFlows", [=] { return state->conntrack.GetTableStats(); },
      [](Napi::Env env, conntrack::TableStats& stats) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("entries", stats.entries);
        object.Set("maxEntries", stats.max_entries);
        return object;
      });
}

// cpuStats(kernel) → Promise<ArrayBuffer> of rows, one a processor
Napi::Value CpuStats(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return StartRows<conntrack::CpuStatsRow>(info.Env(), "ipvs_director.conntrackStats",
                                           [=] { return state->conntrack.GetCpuStats(); });
}

// expectations(kernel) → Promise<ArrayBuffer>
Napi::Value Expectations(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return StartRows<conntrack::ExpectationRow>(info.Env(), "ipvs_director.expectations",
                                              [=] { return state->conntrack.GetExpectations(); });
}

}  // namespace

RunWork ConntrackRun(const Napi::Object& run, const Napi::Value& kernel, Pins& pins) {
  return [state = KernelHandle::StateOf(kernel), tables = TablesOf(run, pins)](
             const netlink::BatchOptions& options, netlink::RunReport& report) {
    return state->conntrack.Write(tables, options, report);
  };
}

void ExportConntrackCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("ListenerHandle", ListenerHandle::Define(env));
  exports.Set("flows", Napi::Function::New<Flows>(env));
  exports.Set("get", Napi::Function::New<Get>(env));
  exports.Set("delete", Napi::Function::New<Delete>(env));
  exports.Set("deletes", Napi::Function::New<Deletes>(env));
  exports.Set("count", Napi::Function::New<Count>(env));
  exports.Set("cpuStats", Napi::Function::New<CpuStats>(env));
  exports.Set("expectations", Napi::Function::New<Expectations>(env));
}

}  // namespace director::binding
