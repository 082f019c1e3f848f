#pragma once

#include <napi.h>

#include <type_traits>

namespace director::binding {

// The kind of a record's field as TypeScript has to read it.
template <class T>
constexpr const char* FieldKind() {
  if constexpr (std::is_enum_v<T>) {
    return FieldKind<std::underlying_type_t<T>>();
  } else if constexpr (std::is_same_v<T, uint8_t>) {
    return "u8";
  } else if constexpr (std::is_same_v<T, uint16_t>) {
    return "u16";
  } else if constexpr (std::is_same_v<T, uint32_t>) {
    return "u32";
  } else if constexpr (std::is_same_v<T, int32_t>) {
    return "i32";
  } else if constexpr (std::is_same_v<T, uint64_t>) {
    return "u64";
  } else if constexpr (std::is_array_v<T> && std::is_same_v<std::remove_extent_t<T>, char>) {
    return "text";
  } else {
    static_assert(std::is_array_v<T> && std::is_same_v<std::remove_extent_t<T>, uint8_t>);
    return "bytes";
  }
}

// Collects the offsets of one record type: { size, fields: { name: { offset, size, kind } } }.
class LayoutBuilder {
 public:
  LayoutBuilder(Napi::Env env, size_t size)
      : env_(env), layout_(Napi::Object::New(env)), fields_(Napi::Object::New(env)) {
    layout_.Set("size", Napi::Number::New(env, static_cast<double>(size)));
    layout_.Set("fields", fields_);
  }

  void Add(const char* name, size_t offset, size_t size, const char* kind) {
    Napi::Object field = Napi::Object::New(env_);
    field.Set("offset", Napi::Number::New(env_, static_cast<double>(offset)));
    field.Set("size", Napi::Number::New(env_, static_cast<double>(size)));
    field.Set("kind", Napi::String::New(env_, kind));
    fields_.Set(name, field);
  }

  Napi::Object layout() const { return layout_; }

 private:
  Napi::Env env_;
  Napi::Object layout_;
  Napi::Object fields_;
};

// Names a member (possibly of a nested record) for TypeScript.
#define DIRECTOR_FIELD(builder, Record, name, member)                         \
  (builder).Add(                                                              \
      name, offsetof(Record, member), sizeof(std::declval<Record&>().member), \
      ::director::binding::FieldKind<std::remove_reference_t<decltype((std::declval<Record&>().member))>>())

}  // namespace director::binding
