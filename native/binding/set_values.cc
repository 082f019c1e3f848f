#include "binding/set_values.h"

#include <sys/socket.h>

#include <algorithm>
#include <string_view>

#include "binding/buffers.h"

namespace director::binding {
namespace {

using ipset::SetHeader;
using ipset::SetOptions;
using Address = SetOptions::Address;

// Visits each option with its name in TypeScript, so that reading and writing cannot differ.
template <class Options, class Visitor>
void EachOption(Options& options, Visitor&& visit) {
  visit("hashsize", options.hash_size);
  visit("maxelem", options.max_elements);
  visit("bucketsize", options.bucket_size);
  visit("initval", options.initial_value);
  visit("netmask", options.netmask);
  visit("bitmask", options.bitmask);
  visit("markmask", options.mark_mask);
  visit("firstAddress", options.first_address);
  visit("lastAddress", options.last_address);
  visit("firstPort", options.first_port);
  visit("lastPort", options.last_port);
  visit("size", options.size);
  visit("timeout", options.timeout);
  visit("counters", options.counters);
  visit("comment", options.comment);
  visit("forceadd", options.force_add);
  visit("skbinfo", options.skb_info);
}

// Overloads of Take and Give, one for each kind of option.
template <class Number>
void Take(const Napi::Value& value, std::optional<Number>& out) {
  out = static_cast<Number>(value.ToNumber().Uint32Value());
}

void Take(const Napi::Value& value, std::optional<Address>& out) {
  const Bytes bytes = BytesOfValue(value);
  Address& address = out.emplace();
  address.family = bytes.size() == sizeof address.bytes ? AF_INET6 : AF_INET;
  std::copy_n(bytes.begin(), std::min(bytes.size(), sizeof address.bytes), address.bytes);
}

void Take(const Napi::Value& value, bool& out) {
  out = value.ToBoolean();
}

template <class Number>
Napi::Value Give(Napi::Env env, const std::optional<Number>& option) {
  return option ? Napi::Number::New(env, *option) : env.Undefined();
}

Napi::Value Give(Napi::Env env, const std::optional<Address>& option) {
  if (!option) return env.Undefined();
  const size_t size = option->family == AF_INET6 ? 16 : 4;
  auto array = Napi::Uint8Array::New(env, size);
  std::copy_n(option->bytes, size, array.Data());
  return array;
}

Napi::Value Give(Napi::Env env, const bool& option) {
  return Napi::Boolean::New(env, option);
}

}  // namespace

SetHeader HeaderOfValue(const Napi::Object& object) {
  SetHeader header;
  header.name = object.Get("name").ToString().Utf8Value();
  header.type = object.Get("type").ToString().Utf8Value();
  header.family = static_cast<uint8_t>(object.Get("family").ToNumber().Uint32Value());
  header.revision = static_cast<uint8_t>(object.Get("revision").ToNumber().Uint32Value());
  EachOption(header.options, [&](const char* name, auto& option) {
    const Napi::Value value = object.Get(name);
    if (!value.IsUndefined()) Take(value, option);
  });
  return header;
}

Napi::Object ValueOfHeader(Napi::Env env, const SetHeader& header) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", header.name);
  object.Set("type", header.type);
  object.Set("family", header.family);
  object.Set("revision", header.revision);
  EachOption(header.options,
             [&](const char* name, const auto& option) { object.Set(name, Give(env, option)); });
  object.Set("elements", header.elements);
  object.Set("references", header.references);
  object.Set("memoryBytes", header.memory_bytes);
  return object;
}

}  // namespace director::binding
