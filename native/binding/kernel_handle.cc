#include "binding/kernel_handle.h"

#include <linux/netlink.h>

#include "binding/errors.h"
#include "binding/task.h"
#include "netlink/tcp_port.h"

namespace director::binding {
namespace {

// Handles are told apart from any other wrapped object before they are unwrapped, also from those of another
// copy of the addon, whose classes may be laid out otherwise: the address of a static is this copy's own.
napi_type_tag HandleTag() {
  static const char marker = 0;
  return {0x6970767364697265ULL, reinterpret_cast<uintptr_t>(&marker)};
}

}  // namespace

KernelState::KernelState(netlink::Namespace opened)
    : where(std::make_shared<netlink::Namespace>(std::move(opened))),
      claims(where),
      generic(where, {.protocol = NETLINK_GENERIC}),
      ipvs(generic),
      route(where, {.protocol = NETLINK_ROUTE}),
      links(route),
      netfilter(where, {.protocol = NETLINK_NETFILTER}),
      sets(netfilter),
      conntrack(netfilter) {}

Napi::Function KernelHandle::Define(Napi::Env env) {
  return DefineClass(env, "KernelHandle",
                     {
                         InstanceMethod<&KernelHandle::Close>("close"),
                         InstanceMethod<&KernelHandle::OpenFile>("openFile"),
                         InstanceMethod<&KernelHandle::ListFiles>("listFiles"),
                         InstanceMethod<&KernelHandle::BindPort>("bindPort"),
                     });
}

KernelHandle::KernelHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<KernelHandle>(info) {
  const napi_type_tag tag = HandleTag();
  info.This().As<Napi::Object>().TypeTag(&tag);
  state_ = Guard(info.Env(), [&] {
    if (info[0].IsUndefined()) return std::make_shared<KernelState>(netlink::Namespace{});
    return std::make_shared<KernelState>(netlink::Namespace::Open(info[0].As<Napi::String>().Utf8Value()));
  });
}

std::shared_ptr<KernelState> KernelHandle::StateOf(const Napi::Value& value) {
  const napi_type_tag tag = HandleTag();
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&tag)) {
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

// bindPort(address, port) → Promise<fd>: a TCP socket in the handle's namespace, bound and not listening yet.
// The caller closes it.
Napi::Value KernelHandle::BindPort(const Napi::CallbackInfo& info) {
  auto state = StateOf(info.This());
  const std::string address = info[0].As<Napi::String>();
  const auto port = static_cast<uint16_t>(info[1].As<Napi::Number>().Uint32Value());
  return Task<UniqueFd>::Start(
      info.Env(), "ipvs_director.bindPort",
      [=] { return netlink::BindTcpPort(*state->where, address, port); },
      [](Napi::Env env, UniqueFd& fd) { return Napi::Number::New(env, fd.Release()); });
}

}  // namespace director::binding
