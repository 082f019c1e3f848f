#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "netlink/dump.h"
#include "util/row_memory.h"

namespace director::binding {

// Reads rows of some dump until there are at least `enough` bytes of them, on a pool thread.
using RowReader = std::function<netlink::DumpState(RowPiece& piece, size_t enough)>;

// A dump that JavaScript pulls chunk by chunk:
//   next()  → Promise<{ rows: ArrayBuffer, rowBytes: number, state: 'more' | 'done' | 'interrupted' }>
//   close() drops the dump; a next() under way still settles
// One next() at a time: lib/listing.ts keeps to that.
class DumpHandle final : public Napi::ObjectWrap<DumpHandle> {
 public:
  static Napi::Value New(Napi::Env env, RowReader reader);

  explicit DumpHandle(const Napi::CallbackInfo& info);

 private:
  static Napi::Function Define(Napi::Env env);
  Napi::Value Next(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  std::shared_ptr<RowReader> reader_;
  size_t enough_;
};

}  // namespace director::binding
