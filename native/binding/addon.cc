#include <napi.h>

#include "binding/commit_binding.h"
#include "binding/ipvs_binding.h"
#include "binding/kernel_handle.h"

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
  return exports;
}

NODE_API_MODULE(ipvs_director, Init)

}  // namespace
}  // namespace director::binding
