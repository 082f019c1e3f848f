#include "binding/route_binding.h"

#include <optional>
#include <string>
#include <vector>

#include "binding/buffers.h"
#include "binding/kernel_handle.h"
#include "binding/task.h"
#include "route/client.h"

namespace director::binding {
namespace {

// createLink(kernel, name, kind, up)
Napi::Value CreateLink(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const std::string name = TextOfValue(info[1]);
  const std::string kind = TextOfValue(info[2]);
  const bool up = info[3].ToBoolean();
  return StartDone(info.Env(), "ipvs_director.createLink", [=] { state->links.CreateLink(name, kind, up); });
}

// removeLink(kernel, name)
Napi::Value RemoveLink(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const std::string name = TextOfValue(info[1]);
  return StartDone(info.Env(), "ipvs_director.removeLink", [=] { state->links.RemoveLink(name); });
}

// setLink(kernel, name, up)
Napi::Value SetLink(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const std::string name = TextOfValue(info[1]);
  const bool up = info[2].ToBoolean();
  return StartDone(info.Env(), "ipvs_director.setLink", [=] { state->links.SetLink(name, up); });
}

// knowsKind(kernel, kind) → Promise<boolean>
Napi::Value KnowsKind(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const std::string kind = TextOfValue(info[1]);
  return Task<bool>::Start(
      info.Env(), "ipvs_director.knowsKind", [=] { return state->links.KnowsKind(kind); },
      [](Napi::Env env, bool& known) { return Napi::Boolean::New(env, known); });
}

// links(kernel, name?) → Promise<ArrayBuffer> of link rows: one, or all
Napi::Value Links(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  std::optional<std::string> name;
  if (!info[1].IsUndefined()) name = TextOfValue(info[1]);
  return Task<std::vector<route::LinkRow>>::Start(
      info.Env(), "ipvs_director.links",
      [=] { return name ? std::vector{state->links.GetLink(*name)} : state->links.ReadLinks(); },
      [](Napi::Env env, std::vector<route::LinkRow>& rows) { return ToArrayBuffer(env, std::move(rows)); });
}

// addresses(kernel, link?) → Promise<ArrayBuffer> of address rows
Napi::Value Addresses(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  std::optional<std::string> link;
  if (!info[1].IsUndefined()) link = TextOfValue(info[1]);
  return Task<std::vector<route::AddressRow>>::Start(
      info.Env(), "ipvs_director.addresses", [=] { return state->links.ReadAddresses(link); },
      [](Napi::Env env, std::vector<route::AddressRow>& rows) {
        return ToArrayBuffer(env, std::move(rows));
      });
}

}  // namespace

void ExportRouteCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("createLink", Napi::Function::New<CreateLink>(env));
  exports.Set("removeLink", Napi::Function::New<RemoveLink>(env));
  exports.Set("setLink", Napi::Function::New<SetLink>(env));
  exports.Set("knowsKind", Napi::Function::New<KnowsKind>(env));
  exports.Set("links", Napi::Function::New<Links>(env));
  exports.Set("addresses", Napi::Function::New<Addresses>(env));
}

}  // namespace director::binding
