#include <cstddef>
#include <utility>

#include "binding/layout.h"
#include "binding/sets_binding.h"
#include "ipset/entry_fault.h"
#include "ipset/records.h"

namespace director::binding {
namespace {

using ipset::EntryRow;

Napi::Object EntryLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(EntryRow));
  DIRECTOR_FIELD(builder, EntryRow, "fields", fields);
  DIRECTOR_FIELD(builder, EntryRow, "family", family);
  DIRECTOR_FIELD(builder, EntryRow, "protocol", protocol);
  DIRECTOR_FIELD(builder, EntryRow, "prefixLength", prefix);
  DIRECTOR_FIELD(builder, EntryRow, "prefixLength2", prefix2);
  DIRECTOR_FIELD(builder, EntryRow, "port", port);
  DIRECTOR_FIELD(builder, EntryRow, "portTo", port_to);
  DIRECTOR_FIELD(builder, EntryRow, "mark", mark);
  DIRECTOR_FIELD(builder, EntryRow, "address", address);
  DIRECTOR_FIELD(builder, EntryRow, "addressTo", address_to);
  DIRECTOR_FIELD(builder, EntryRow, "address2", address2);
  DIRECTOR_FIELD(builder, EntryRow, "address2To", address2_to);
  DIRECTOR_FIELD(builder, EntryRow, "mac", mac);
  DIRECTOR_FIELD(builder, EntryRow, "skbqueue", skb_queue);
  DIRECTOR_FIELD(builder, EntryRow, "timeout", timeout);
  DIRECTOR_FIELD(builder, EntryRow, "skbprio", skb_priority);
  DIRECTOR_FIELD(builder, EntryRow, "skbmark", skb_mark);
  DIRECTOR_FIELD(builder, EntryRow, "skbmask", skb_mask);
  DIRECTOR_FIELD(builder, EntryRow, "packets", packets);
  DIRECTOR_FIELD(builder, EntryRow, "bytes", bytes);
  DIRECTOR_FIELD(builder, EntryRow, "name", name);
  DIRECTOR_FIELD(builder, EntryRow, "reference", reference);
  DIRECTOR_FIELD(builder, EntryRow, "comment", comment);
  return builder.layout();
}

Napi::Object FieldBits(Napi::Env env) {
  const std::pair<const char*, uint32_t> bits[] = {
      {"address", ipset::kAddress},
      {"addressTo", ipset::kAddressTo},
      {"prefixLength", ipset::kPrefix},
      {"address2", ipset::kAddress2},
      {"address2To", ipset::kAddress2To},
      {"prefixLength2", ipset::kPrefix2},
      {"protocol", ipset::kProtocolField},
      {"port", ipset::kPort},
      {"portTo", ipset::kPortTo},
      {"mark", ipset::kMark},
      {"mac", ipset::kMac},
      {"interface", ipset::kInterface},
      {"set", ipset::kMember},
      {"reference", ipset::kReference},
      {"timeout", ipset::kTimeout},
      {"packets", ipset::kPackets},
      {"bytes", ipset::kBytes},
      {"comment", ipset::kComment},
      {"skbmark", ipset::kSkbMark},
      {"skbprio", ipset::kSkbPriority},
      {"skbqueue", ipset::kSkbQueue},
      {"nomatch", ipset::kNoMatch},
      {"physicalDevice", ipset::kPhysicalDevice},
      {"wildcard", ipset::kWildcard},
      {"before", ipset::kBefore},
  };
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, bit] : bits) object.Set(name, Napi::Number::New(env, bit));
  return object;
}

}  // namespace

void ExportSetsLayouts(Napi::Env env, Napi::Object exports) {
  exports.Set("entryRow", EntryLayout(env));
  exports.Set("fieldBits", FieldBits(env));
  exports.Set("entryFault", Napi::Number::New(env, ipset::kEntryFaultCode));
}

}  // namespace director::binding
