#include <cstddef>
#include <utility>

#include "binding/layout.h"
#include "binding/sets_binding.h"
#include "ipset/entry_fault.h"
#include "ipset/records.h"
#include "ipset/set_type.h"

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

// What lib/ipset/options.ts has to know of each type: { name, form, newestRevision, bucketsizeRevision, … }.
Napi::Array TypeTable(Napi::Env env) {
  const std::pair<const char*, uint32_t> options[] = {
      {"family", ipset::kFamilyOption},       {"hash", ipset::kHashOptions},
      {"netmask", ipset::kNetmaskOption},     {"bitmask", ipset::kBitmaskOption},
      {"markmask", ipset::kMarkmaskOption},   {"addressRange", ipset::kAddressRangeOption},
      {"portRange", ipset::kPortRangeOption}, {"size", ipset::kSizeOption},
  };
  Napi::Array table = Napi::Array::New(env);
  for (const ipset::SetType& type : ipset::SetTypes()) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", std::string(type.name));
    object.Set("form", EntryForm(type));
    object.Set("newestRevision", type.newest_revision);
    object.Set("bucketsizeRevision", type.bucketsize_revision);
    object.Set("bitmaskRevision", type.bitmask_revision);
    for (const auto& [name, bit] : options) object.Set(name, (type.create_options & bit) != 0);
    table.Set(table.Length(), object);
  }
  return table;
}

}  // namespace

void ExportSetsLayouts(Napi::Env env, Napi::Object exports) {
  exports.Set("entryRow", EntryLayout(env));
  exports.Set("fieldBits", FieldBits(env));
  exports.Set("typeTable", TypeTable(env));
  exports.Set("entryFault", Napi::Number::New(env, ipset::kEntryFaultCode));
}

}  // namespace director::binding
