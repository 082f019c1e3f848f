#include <napi.h>

#include "binding/commit_binding.h"
#include "binding/conntrack_binding.h"
#include "binding/ipvs_binding.h"
#include "binding/kernel_handle.h"
#include "binding/program_binding.h"
#include "binding/route_binding.h"
#include "binding/sets_binding.h"

namespace director::binding {
namespace {

// Registration only. Each subsystem has one object of layouts and one of calls; lib/native.ts types them all.
Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("KernelHandle", KernelHandle::Define(env));
  exports.Set("commit", Napi::Function::New<Commit>(env));

  Napi::Object ipvs = Napi::Object::New(env);
  ExportIpvsCalls(env, ipvs);
  ExportIpvsLayouts(env, ipvs);
  exports.Set("ipvs", ipvs);

  Napi::Object route = Napi::Object::New(env);
  ExportRouteCalls(env, route);
  ExportRouteLayouts(env, route);
  exports.Set("route", route);

  Napi::Object sets = Napi::Object::New(env);
  ExportSetsCalls(env, sets);
  ExportSetsLayouts(env, sets);
  exports.Set("sets", sets);

  Napi::Object conntrack = Napi::Object::New(env);
  ExportConntrackCalls(env, conntrack);
  ExportConntrackLayouts(env, conntrack);
  exports.Set("conntrack", conntrack);

  Napi::Object programs = Napi::Object::New(env);
  ExportProgramCalls(env, programs);
  exports.Set("programs", programs);
  return exports;
}

NODE_API_MODULE(ipvs_director, Init)

}  // namespace
}  // namespace director::binding
