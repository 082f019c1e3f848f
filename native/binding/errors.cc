#include "binding/errors.h"

namespace director::binding {

Napi::Value ErrorValue(Napi::Env env, const KernelError& error) {
  Napi::Object value = Napi::Error::New(env, error.what()).Value();
  value.Set("operation", error.operation());
  value.Set("number", error.number());
  value.Set("detail", error.detail());
  return value;
}

}  // namespace director::binding
