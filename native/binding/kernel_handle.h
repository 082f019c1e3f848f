#pragma once

#include <napi.h>

#include <memory>

#include "conntrack/client.h"
#include "ipset/client.h"
#include "ipvs/client.h"
#include "netlink/claims.h"
#include "netlink/namespace.h"
#include "netlink/pool.h"
#include "route/client.h"

namespace director::binding {

// What one open kernel owns. Tasks share it, so that it outlives the JavaScript object while they run.
struct KernelState {
  explicit KernelState(netlink::Namespace where);

  std::shared_ptr<const netlink::Namespace> where;
  netlink::Claims claims;
  netlink::SocketPool generic;
  ipvs::Client ipvs;
  netlink::SocketPool route;
  route::Client links;
  netlink::SocketPool netfilter;
  ipset::Client sets;
  conntrack::Client conntrack;
};

// The JavaScript object behind `openKernel()`. Closing drops the idle sockets; running tasks finish first.
class KernelHandle final : public Napi::ObjectWrap<KernelHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  // The state of a handle passed as an argument; throws a TypeError for anything else, or a closed one.
  static std::shared_ptr<KernelState> StateOf(const Napi::Value& value);

  explicit KernelHandle(const Napi::CallbackInfo& info);

 private:
  void Close(const Napi::CallbackInfo& info);
  Napi::Value OpenFile(const Napi::CallbackInfo& info);
  Napi::Value ListFiles(const Napi::CallbackInfo& info);
  Napi::Value BindPort(const Napi::CallbackInfo& info);

  std::shared_ptr<KernelState> state_;
};

}  // namespace director::binding
