#include "binding/dump_handle.h"

#include <utility>

#include "binding/buffers.h"
#include "binding/task.h"

namespace director::binding {
namespace {

// Small enough that the first rows come at once; those behind fill a large page, with room for the message
// that goes beyond, and make a chunk's fixed costs vanish.
constexpr size_t kFirstChunkBytes = 256 << 10;
constexpr size_t kChunkBytes = kLargePage / 5 * 4;

struct Chunk {
  RowPiece piece;
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
      reader_(std::make_shared<RowReader>(std::move(*info[0].As<Napi::External<RowReader>>().Data()))),
      enough_(kFirstChunkBytes) {}

Napi::Value DumpHandle::Next(const Napi::CallbackInfo& info) {
  if (!reader_) throw Napi::Error::New(info.Env(), "the dump is closed");
  return Task<Chunk>::Start(
      info.Env(), "ipvs_director.dump",
      [reader = reader_, enough = std::exchange(enough_, kChunkBytes)] {
        Chunk chunk;
        chunk.piece.bytes.Reserve(enough + enough / 4);
        chunk.state = (*reader)(chunk.piece, enough);
        return chunk;
      },
      [](Napi::Env env, Chunk& chunk) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("rows", ToArrayBuffer(env, std::move(chunk.piece.bytes)));
        object.Set("rowBytes", static_cast<double>(chunk.piece.row_bytes));
        object.Set("state", StateName(chunk.state));
        return object;
      });
}

void DumpHandle::Close(const Napi::CallbackInfo&) {
  reader_.reset();
}

}  // namespace director::binding
