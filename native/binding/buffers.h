#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "util/bytes.h"

namespace director::binding {

// Hands a vector's memory to JavaScript without copying; freed when the ArrayBuffer is collected.
template <class T, class Memory>
Napi::Value ToArrayBuffer(Napi::Env env, std::vector<T, Memory>&& rows) {
  if (rows.empty()) return Napi::ArrayBuffer::New(env, 0);
  auto owner = std::make_unique<std::vector<T, Memory>>(std::move(rows));
  void* data = owner->data();
  const size_t size = owner->size() * sizeof(T);
  std::vector<T, Memory>* released = owner.release();
  const auto free = [](Napi::Env, void*, std::vector<T, Memory>* rows) {
    std::unique_ptr<std::vector<T, Memory>>{rows}.reset();
  };
  return Napi::ArrayBuffer::New(env, data, size, free, released);
}

// The bytes behind an ArrayBuffer or a typed array. The caller pins the value while it uses them.
inline MutableBytes BytesOfValue(const Napi::Value& value) {
  if (value.IsArrayBuffer()) {
    auto buffer = value.As<Napi::ArrayBuffer>();
    return {static_cast<uint8_t*>(buffer.Data()), buffer.ByteLength()};
  }
  if (value.IsTypedArray()) {
    auto array = value.As<Napi::TypedArray>();
    return {static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset(), array.ByteLength()};
  }
  throw Napi::TypeError::New(value.Env(), "expected an ArrayBuffer or a typed array");
}

}  // namespace director::binding
