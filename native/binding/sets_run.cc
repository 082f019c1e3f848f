#include "binding/buffers.h"
#include "binding/kernel_handle.h"
#include "binding/sets_binding.h"
#include "binding/task.h"
#include "ipset/changes.h"
#include "ipset/columns.h"

namespace director::binding {
namespace {

using ipset::Changes;
using ipset::EntryColumns;
using ipset::Target;

Target TargetOf(const Napi::Object& run) {
  const std::string action = run.Get("action").ToString();
  Target target;
  target.set = run.Get("set").ToString().Utf8Value();
  target.action = action == "add" ? ipset::Action::kAdd : ipset::Action::kRemove;
  target.exclusive = run.Get("exclusive").ToBoolean();
  return target;
}

template <class T>
void TakeColumn(const Napi::Object& columns, const char* name, Pins& pins, ipset::Column<T>& out) {
  const Napi::Value value = columns.Get(name);
  if (value.IsUndefined()) return;
  // lib/ipset/columns.ts has checked type and length.
  const Bytes bytes = BytesOfValue(value);
  out.values = reinterpret_cast<const T*>(bytes.data());
  if (bytes.size() == sizeof(T)) out.step = 0;
  Pin(pins, value);
}

EntryColumns ColumnsOf(const Napi::Object& object, Pins& pins) {
  EntryColumns columns;
  columns.size = object.Get("size").ToNumber();
  columns.family = static_cast<uint8_t>(object.Get("family").ToNumber().Uint32Value());
  TakeColumn(object, "address", pins, columns.address);
  TakeColumn(object, "addressNumber", pins, columns.address_number);
  TakeColumn(object, "addressTo", pins, columns.address_to);
  TakeColumn(object, "addressToNumber", pins, columns.address_to_number);
  TakeColumn(object, "prefixLength", pins, columns.prefix);
  TakeColumn(object, "address2", pins, columns.address2);
  TakeColumn(object, "address2Number", pins, columns.address2_number);
  TakeColumn(object, "prefixLength2", pins, columns.prefix2);
  TakeColumn(object, "protocol", pins, columns.protocol);
  TakeColumn(object, "port", pins, columns.port);
  TakeColumn(object, "portTo", pins, columns.port_to);
  TakeColumn(object, "mark", pins, columns.mark);
  TakeColumn(object, "mac", pins, columns.mac);
  columns.interface = object.Get("interface").ToString().Utf8Value();
  TakeColumn(object, "timeout", pins, columns.timeout);
  TakeColumn(object, "packets", pins, columns.packets);
  TakeColumn(object, "bytes", pins, columns.bytes);
  return columns;
}

std::vector<Bytes> PiecesOf(const Napi::Array& array, Pins& pins) {
  std::vector<Bytes> pieces;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value piece = array.Get(i);
    pieces.push_back(BytesOfValue(piece));
    Pin(pins, piece);
  }
  return pieces;
}

// Makes the table of changes on the pool thread: indexing a long text takes its time.
using MakeChanges = std::function<std::unique_ptr<Changes>()>;

MakeChanges ChangesOf(const Napi::Object& run, Pins& pins) {
  if (const Napi::Value text = run.Get("text"); !text.IsUndefined()) {
    return [pieces = PiecesOf(text.As<Napi::Array>(), pins)] {
      return std::make_unique<ipset::TextChanges>(pieces);
    };
  }
  Target target = TargetOf(run);
  if (const Napi::Value rows = run.Get("rows"); !rows.IsUndefined()) {
    const Bytes bytes = BytesOfValue(rows);
    Pin(pins, rows);
    const size_t stride = run.Get("stride").ToNumber().Uint32Value();
    return [=] { return std::make_unique<ipset::RowChanges>(target, bytes, stride); };
  }
  return [target, columns = ColumnsOf(run.Get("columns").As<Napi::Object>(), pins)] {
    return std::make_unique<ipset::ColumnChanges>(target, columns);
  };
}

}  // namespace

RunWork SetsRun(const Napi::Object& run, const Napi::Value& kernel, Pins& pins) {
  return [state = KernelHandle::StateOf(kernel), make = ChangesOf(run, pins)](
             const netlink::BatchOptions& options, netlink::RunReport& report) {
    const std::unique_ptr<Changes> changes = make();
    return state->sets.Commit(*changes, options, report);
  };
}

Napi::Value CanonicalEntries(const Napi::CallbackInfo& info) {
  auto state = KernelHandle::StateOf(info[0]);
  Pins pins;
  const std::vector<Bytes> pieces = PiecesOf(info[1].As<Napi::Array>(), pins);
  return Task<std::vector<uint8_t>>::Start(
      info.Env(), "ipvs_director.canonicalEntries",
      [=] { return state->sets.Canonical(ipset::TextChanges(pieces)); },
      [](Napi::Env env, std::vector<uint8_t>& text) { return ToArrayBuffer(env, std::move(text)); },
      std::move(pins));
}

}  // namespace director::binding
