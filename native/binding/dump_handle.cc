#include "binding/dump_handle.h"

#include "binding/buffers.h"
#include "binding/task.h"

namespace director::binding {
namespace {

// Large enough to make a chunk's fixed costs vanish, small enough that the first rows come at once.
constexpr size_t kChunkBytes = 256 << 10;

struct Chunk {
  std::vector<uint8_t> rows;
  netlink::DumpState state;
};

const char* StateName(netlink::DumpState state) {
  switch (state) {
    case netlink::DumpState::kMore:
      return "more";
    case netlink::DumpState::kDone:
      return "done";
    case netlink::DumpState::kInterrupted:
      break;
  }
  return "interrupted";
}

}  // namespace

Napi::Function DumpHandle::Define(Napi::Env env) {
  return DefineClass(
      env, "DumpHandle",
      {InstanceMethod<&DumpHandle::Next>("next"), InstanceMethod<&DumpHandle::Close>("close")});
}

Napi::Value DumpHandle::New(Napi::Env env, RowReader reader) {
  // The reader travels to the constructor as an external, since only that runs before the wrap exists.
  const auto external = Napi::External<RowReader>::New(env, &reader);
  return Define(env).New({external});
}

DumpHandle::DumpHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DumpHandle>(info),
      reader_(std::make_shared<RowReader>(std::move(*info[0].As<Napi::External<RowReader>>().Data()))) {}

Napi::Value DumpHandle::Next(const Napi::CallbackInfo& info) {
  if (!reader_) throw Napi::Error::New(info.Env(), "the dump is closed");
  return Task<Chunk>::Start(
      info.Env(), "ipvs_director.dump",
      [reader = reader_] {
        Chunk chunk;
        chunk.state = (*reader)(chunk.rows, kChunkBytes);
        return chunk;
      },
      [](Napi::Env env, Chunk& chunk) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("rows", ToArrayBuffer(env, std::move(chunk.rows)));
        object.Set("state", StateName(chunk.state));
        return object;
      });
}

void DumpHandle::Close(const Napi::CallbackInfo&) {
  reader_.reset();
}

}  // namespace director::binding
