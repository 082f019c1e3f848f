#pragma once

#include <napi.h>

#include <functional>
#include <vector>

#include "binding/task.h"
#include "netlink/batch.h"
#include "netlink/report.h"
#include "util/bytes.h"

namespace director::binding {

// A run is a stretch of a batch that one subsystem handles. Called on a pool thread.
using RunWork = std::function<netlink::BatchEnd(const netlink::BatchOptions&, netlink::RunReport&)>;

// Turns { table, … } of one run into its work; pins what must outlive it. Each subsystem that takes part in
// batches has one, found by the run's `table` in native/binding/commit_binding.cc.
using RunFactory = RunWork (*)(const Napi::Object& run, const Napi::Value& kernel, Pins& pins);

// The operation rows of a run { …, rows: ArrayBuffer[] }, in order.
std::vector<Bytes> TablesOf(const Napi::Object& run, Pins& pins);

// commit(kernel, runs, { stopOnRefusal, aborted }) → Promise<{ end, failure?, runs: [{ attempted, refused,
// texts }] }>
Napi::Value Commit(const Napi::CallbackInfo& info);

}  // namespace director::binding
