#include "binding/kernel_handle.h"

#include <linux/netlink.h>

#include "binding/errors.h"
#include "binding/task.h"

namespace director::binding {
namespace {

// Told apart from any other wrapped object before it is unwrapped.
constexpr napi_type_tag kTag = {0x6970767364697265ULL, 0x63746f726b65726eULL};

}  // namespace

KernelState::KernelState(netlink::Namespace opened)
    : where(std::make_shared<netlink::Namespace>(std::move(opened))),
      generic(where, {.protocol = NETLINK_GENERIC}),
      ipvs(generic),
      route(where, {.protocol = NETLINK_ROUTE}),
      links(route),
      netfilter(where, {.protocol = NETLINK_NETFILTER}),
      sets(netfilter) {}

Napi::Function KernelHandle::Define(Napi::Env env) {
  return DefineClass(env, "KernelHandle",
                     {
                         InstanceMethod<&KernelHandle::Close>("close"),
                         InstanceMethod<&KernelHandle::OpenFile>("openFile"),
                         InstanceMethod<&KernelHandle::ListFiles>("listFiles"),
                     });
}

KernelHandle::KernelHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<KernelHandle>(info) {
  info.This().As<Napi::Object>().TypeTag(&kTag);
  state_ = Guard(info.Env(), [&] {
    if (info[0].IsUndefined()) return std::make_shared<KernelState>(netlink::Namespace{});
    return std::make_shared<KernelState>(netlink::Namespace::Open(info[0].As<Napi::String>().Utf8Value()));
  });
}

std::shared_ptr<KernelState> KernelHandle::StateOf(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Napi::TypeError::New(value.Env(), "expected a KernelHandle");
  }
  auto state = Unwrap(value.As<Napi::Object>())->state_;
  if (!state) throw Napi::TypeError::New(value.Env(), "the KernelHandle is closed");
  return state;
}

void KernelHandle::Close(const Napi::CallbackInfo&) {
  if (state_) {
    state_->generic.Close();
    state_->route.Close();
    state_->netfilter.Close();
  }
  state_.reset();
}

// openFile(path, flags) → Promise<fd>: a /proc file as the handle's namespace shows it. The caller closes it.
Napi::Value KernelHandle::OpenFile(const Napi::CallbackInfo& info) {
  auto state = StateOf(info.This());
  const std::string path = info[0].As<Napi::String>();
  const int flags = info[1].As<Napi::Number>();
  return Task<UniqueFd>::Start(
      info.Env(), "ipvs_director.openFile", [=] { return state->where->OpenFile(path, flags); },
      [](Napi::Env env, UniqueFd& fd) { return Napi::Number::New(env, fd.Release()); });
}

// listFiles(folder) → Promise<string[]>: all files below a /proc folder, as paths relative to it, sorted.
Napi::Value KernelHandle::ListFiles(const Napi::CallbackInfo& info) {
  auto state = StateOf(info.This());
  const std::string folder = info[0].As<Napi::String>();
  return Task<std::vector<std::string>>::Start(
      info.Env(), "ipvs_director.listFiles", [=] { return state->where->ListFiles(folder); },
      [](Napi::Env env, std::vector<std::string>& names) {
        Napi::Array array = Napi::Array::New(env, names.size());
        for (uint32_t i = 0; i < names.size(); ++i) array.Set(i, names[i]);
        return array;
      });
}

}  // namespace director::binding
