#include "binding/ipvs_binding.h"

#include <arpa/inet.h>

#include <cstring>
#include <optional>

#include "binding/buffers.h"
#include "binding/dump_handle.h"
#include "binding/kernel_handle.h"
#include "binding/task.h"
#include "ipvs/client.h"
#include "util/bytes.h"

namespace director::binding {
namespace {

// A key travels as an operation row of which only the key is filled in; undefined stands for "all".
std::optional<ipvs::ServiceKey> KeyOf(const Napi::Value& value) {
  if (value.IsUndefined()) return std::nullopt;
  const Bytes bytes = BytesOfValue(value);
  if (bytes.size() < sizeof(ipvs::OperationRow))
    throw Napi::RangeError::New(value.Env(), "key row too short");
  ipvs::OperationRow row;
  std::memcpy(&row, bytes.data(), sizeof row);
  return row.service.key;
}

Napi::Value Info(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return Task<ipvs::Info>::Start(
      info.Env(), "ipvs_director.info", [=] { return state->ipvs.GetInfo(); },
      [](Napi::Env env, ipvs::Info& result) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("version", result.version);
        object.Set("connectionTableSize", result.connection_table_size);
        return object;
      });
}

Napi::Value Timeouts(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return Task<ipvs::Timeouts>::Start(
      info.Env(), "ipvs_director.timeouts", [=] { return state->ipvs.GetTimeouts(); },
      [](Napi::Env env, ipvs::Timeouts& result) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("tcpSeconds", result.tcp_seconds);
        object.Set("tcpFinSeconds", result.tcp_fin_seconds);
        object.Set("udpSeconds", result.udp_seconds);
        return object;
      });
}

// setTimeouts(kernel, tcp, tcpFin, udp): 0 keeps a value.
Napi::Value SetTimeouts(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const ipvs::Timeouts timeouts{info[1].As<Napi::Number>().Uint32Value(),
                                info[2].As<Napi::Number>().Uint32Value(),
                                info[3].As<Napi::Number>().Uint32Value()};
  return StartDone(info.Env(), "ipvs_director.setTimeouts", [=] { state->ipvs.SetTimeouts(timeouts); });
}

Napi::Value Flush(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return StartDone(info.Env(), "ipvs_director.flush", [=] { state->ipvs.Flush(); });
}

Napi::Value Zero(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto key = KeyOf(info[1]);
  return StartDone(info.Env(), "ipvs_director.zero", [=] { state->ipvs.Zero(key); });
}

Napi::Value Service(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto key = KeyOf(info[1]);
  return Task<std::vector<ipvs::ServiceRow>>::Start(
      info.Env(), "ipvs_director.service",
      [=] { return std::vector<ipvs::ServiceRow>{state->ipvs.GetService(key.value())}; },
      [](Napi::Env env, std::vector<ipvs::ServiceRow>& rows) { return ToArrayBuffer(env, std::move(rows)); });
}

Napi::Object DaemonValue(Napi::Env env, const ipvs::Daemon& daemon) {
  char group[INET6_ADDRSTRLEN] = "";
  if (daemon.group_family != 0) inet_ntop(daemon.group_family, daemon.group, group, sizeof group);
  Napi::Object object = Napi::Object::New(env);
  object.Set("state", daemon.state);
  object.Set("interface", std::string(TextOf(daemon.interface)));
  object.Set("syncId", daemon.sync_id);
  object.Set("maxLength", daemon.max_length);
  object.Set("group", std::string(group));
  object.Set("port", daemon.port);
  object.Set("ttl", daemon.ttl);
  return object;
}

ipvs::Daemon DaemonOf(const Napi::Object& object) {
  const auto number = [&](const char* name) { return object.Get(name).ToNumber().Uint32Value(); };
  ipvs::Daemon daemon;
  daemon.state = number("state");
  CopyText(object.Get("interface").ToString().Utf8Value(), daemon.interface);
  daemon.sync_id = number("syncId");
  daemon.max_length = static_cast<uint16_t>(number("maxLength"));
  daemon.port = static_cast<uint16_t>(number("port"));
  daemon.ttl = static_cast<uint8_t>(number("ttl"));
  const std::string group = object.Get("group").ToString();
  if (!group.empty()) {
    daemon.group_family = group.find(':') == std::string::npos ? AF_INET : AF_INET6;
    if (inet_pton(daemon.group_family, group.c_str(), daemon.group) != 1) {
      throw Napi::TypeError::New(object.Env(), "group is not an address");
    }
  }
  return daemon;
}

Napi::Value Daemons(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return Task<std::vector<ipvs::Daemon>>::Start(
      info.Env(), "ipvs_director.daemons", [=] { return state->ipvs.GetDaemons(); },
      [](Napi::Env env, std::vector<ipvs::Daemon>& daemons) {
        Napi::Array array = Napi::Array::New(env, daemons.size());
        for (uint32_t i = 0; i < daemons.size(); ++i) array.Set(i, DaemonValue(env, daemons[i]));
        return array;
      });
}

Napi::Value StartDaemon(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const ipvs::Daemon daemon = DaemonOf(info[1].As<Napi::Object>());
  return StartDone(info.Env(), "ipvs_director.startDaemon", [=] { state->ipvs.StartDaemon(daemon); });
}

Napi::Value StopDaemon(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const ipvs::Daemon daemon = DaemonOf(info[1].As<Napi::Object>());
  return StartDone(info.Env(), "ipvs_director.stopDaemon", [=] { state->ipvs.StopDaemon(daemon); });
}

// snapshot(kernel) → Promise<{ services: ArrayBuffer, servers: ArrayBuffer[] }>
Napi::Value Snapshot(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return Task<ipvs::Snapshot>::Start(
      info.Env(), "ipvs_director.snapshot", [=] { return state->ipvs.ReadSnapshot(); },
      [](Napi::Env env, ipvs::Snapshot& snapshot) {
        Napi::Array servers = Napi::Array::New(env, snapshot.servers.size());
        for (uint32_t i = 0; i < snapshot.servers.size(); ++i) {
          servers.Set(i, ToArrayBuffer(env, std::move(snapshot.servers[i])));
        }
        Napi::Object object = Napi::Object::New(env);
        object.Set("services", ToArrayBuffer(env, std::move(snapshot.services)));
        object.Set("servers", servers);
        return object;
      });
}

// dump(kernel, key?) → DumpHandle: services without a key, that service's servers with one.
Napi::Value Dump(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto key = KeyOf(info[1]);
  return DumpHandle::New(info.Env(), [state, key, table = std::shared_ptr<ipvs::TableDump>()](
                                         RowPiece& piece, size_t enough) mutable {
    if (!table) table = std::make_shared<ipvs::TableDump>(state->ipvs, key);
    return table->Read(piece, enough);
  });
}

}  // namespace

void ExportIpvsCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("info", Napi::Function::New<Info>(env));
  exports.Set("timeouts", Napi::Function::New<Timeouts>(env));
  exports.Set("setTimeouts", Napi::Function::New<SetTimeouts>(env));
  exports.Set("flush", Napi::Function::New<Flush>(env));
  exports.Set("zero", Napi::Function::New<Zero>(env));
  exports.Set("service", Napi::Function::New<Service>(env));
  exports.Set("daemons", Napi::Function::New<Daemons>(env));
  exports.Set("startDaemon", Napi::Function::New<StartDaemon>(env));
  exports.Set("stopDaemon", Napi::Function::New<StopDaemon>(env));
  exports.Set("snapshot", Napi::Function::New<Snapshot>(env));
  exports.Set("dump", Napi::Function::New<Dump>(env));
}

}  // namespace director::binding
