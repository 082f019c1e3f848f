#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "util/bytes.h"
#include "util/row_memory.h"

namespace director::binding {

// Hands the memory of rows to JavaScript without copying; freed when the ArrayBuffer is collected.
template <class Rows>
Napi::Value OwnedArrayBuffer(Napi::Env env, Rows&& rows, size_t bytes) {
  if (bytes == 0) return Napi::ArrayBuffer::New(env, 0);
  auto owner = std::make_unique<Rows>(std::move(rows));
  void* data = owner->data();
  Rows* released = owner.release();
  const auto free = [](Napi::Env, void*, Rows* rows) { std::unique_ptr<Rows>{rows}.reset(); };
  return Napi::ArrayBuffer::New(env, data, bytes, free, released);
}

template <class T>
Napi::Value ToArrayBuffer(Napi::Env env, std::vector<T>&& rows) {
  const size_t bytes = rows.size() * sizeof(T);
  return OwnedArrayBuffer(env, std::move(rows), bytes);
}

inline Napi::Value ToArrayBuffer(Napi::Env env, RowBuffer&& rows) {
  const size_t bytes = rows.size();
  return OwnedArrayBuffer(env, std::move(rows), bytes);
}

inline std::string TextOfValue(const Napi::Value& value) {
  return value.As<Napi::String>().Utf8Value();
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
