#include "binding/sets_binding.h"

#include <optional>
#include <string>
#include <vector>

#include "binding/buffers.h"
#include "binding/dump_handle.h"
#include "binding/kernel_handle.h"
#include "binding/set_values.h"
#include "binding/task.h"
#include "ipset/client.h"
#include "ipset/listing.h"

namespace director::binding {
namespace {

std::optional<std::string> OptionalText(const Napi::Value& value) {
  if (value.IsUndefined()) return {};
  return TextOfValue(value);
}

// types(kernel) → Promise<{ name, oldestRevision, newestRevision }[]>
Napi::Value Types(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return Task<std::vector<ipset::TypeRange>>::Start(
      info.Env(), "ipvs_director.setTypes", [=] { return state->sets.GetTypes(); },
      [](Napi::Env env, std::vector<ipset::TypeRange>& types) {
        Napi::Array array = Napi::Array::New(env, types.size());
        for (uint32_t i = 0; i < types.size(); ++i) {
          Napi::Object object = Napi::Object::New(env);
          object.Set("name", types[i].name);
          object.Set("oldestRevision", types[i].oldest_revision);
          object.Set("newestRevision", types[i].newest_revision);
          array.Set(i, object);
        }
        return array;
      });
}

// create(kernel, header, exclusive)
Napi::Value Create(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const ipset::SetHeader header = HeaderOfValue(info[1].As<Napi::Object>());
  const bool exclusive = info[2].ToBoolean();
  return StartDone(info.Env(), "ipvs_director.createSet", [=] { state->sets.Create(header, exclusive); });
}

// destroy(kernel, name?)
Napi::Value Destroy(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto set = OptionalText(info[1]);
  return StartDone(info.Env(), "ipvs_director.destroySet", [=] { state->sets.Destroy(set); });
}

// flush(kernel, name?)
Napi::Value Flush(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto set = OptionalText(info[1]);
  return StartDone(info.Env(), "ipvs_director.flushSet", [=] { state->sets.Flush(set); });
}

// rename(kernel, from, to)
Napi::Value Rename(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const std::string from = TextOfValue(info[1]);
  const std::string to = TextOfValue(info[2]);
  return StartDone(info.Env(), "ipvs_director.renameSet", [=] { state->sets.Rename(from, to); });
}

// swap(kernel, one, other)
Napi::Value Swap(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const std::string one = TextOfValue(info[1]);
  const std::string other = TextOfValue(info[2]);
  return StartDone(info.Env(), "ipvs_director.swapSets", [=] { state->sets.Swap(one, other); });
}

// headers(kernel, name?) → Promise<header[]>
Napi::Value Headers(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto set = OptionalText(info[1]);
  return Task<std::vector<ipset::SetHeader>>::Start(
      info.Env(), "ipvs_director.setHeaders", [=] { return state->sets.ReadHeaders(set); },
      [](Napi::Env env, std::vector<ipset::SetHeader>& headers) {
        Napi::Array array = Napi::Array::New(env, headers.size());
        for (uint32_t i = 0; i < headers.size(); ++i) array.Set(i, ValueOfHeader(env, headers[i]));
        return array;
      });
}

// names(kernel) → Promise<string[]>
Napi::Value Names(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  return Task<std::vector<std::string>>::Start(
      info.Env(), "ipvs_director.setNames", [=] { return state->sets.ReadNames(); },
      [](Napi::Env env, std::vector<std::string>& names) {
        Napi::Array array = Napi::Array::New(env, names.size());
        for (uint32_t i = 0; i < names.size(); ++i) array.Set(i, names[i]);
        return array;
      });
}

// claim(kernel, name) → Promise<boolean>
Napi::Value Claim(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const std::string name = TextOfValue(info[1]);
  return Task<bool>::Start(
      info.Env(), "ipvs_director.claim", [=] { return state->claims.Take(name); },
      [](Napi::Env env, bool& taken) { return Napi::Boolean::New(env, taken); });
}

// unclaim(kernel, name)
Napi::Value Unclaim(const Napi::CallbackInfo& info) {
  KernelHandle::StateOf(info[0])->claims.Drop(TextOfValue(info[1]));
  return info.Env().Undefined();
}

// entries(kernel, name, stride) → DumpHandle of rows
Napi::Value Entries(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const std::string set = TextOfValue(info[1]);
  return DumpHandle::New(info.Env(), [state, set, listing = std::shared_ptr<ipset::EntryListing>()](
                                         RowPiece& piece, size_t enough) mutable {
    if (!listing) listing = std::make_shared<ipset::EntryListing>(state->sets.pool(), set);
    return listing->Read(piece, enough);
  });
}

// save(kernel, name?) → DumpHandle of text
Napi::Value Save(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  const auto set = OptionalText(info[1]);
  return DumpHandle::New(info.Env(), [state, set, listing = std::shared_ptr<ipset::SaveListing>()](
                                         RowPiece& piece, size_t enough) mutable {
    if (!listing) listing = std::make_shared<ipset::SaveListing>(state->sets.pool(), set);
    return listing->Read(piece, enough);
  });
}

}  // namespace

void ExportSetsCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("types", Napi::Function::New<Types>(env));
  exports.Set("create", Napi::Function::New<Create>(env));
  exports.Set("destroy", Napi::Function::New<Destroy>(env));
  exports.Set("flush", Napi::Function::New<Flush>(env));
  exports.Set("rename", Napi::Function::New<Rename>(env));
  exports.Set("swap", Napi::Function::New<Swap>(env));
  exports.Set("headers", Napi::Function::New<Headers>(env));
  exports.Set("names", Napi::Function::New<Names>(env));
  exports.Set("claim", Napi::Function::New<Claim>(env));
  exports.Set("unclaim", Napi::Function::New<Unclaim>(env));
  exports.Set("entries", Napi::Function::New<Entries>(env));
  exports.Set("canonical", Napi::Function::New<CanonicalEntries>(env));
  exports.Set("save", Napi::Function::New<Save>(env));
}

}  // namespace director::binding
