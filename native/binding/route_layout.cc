#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <utility>

#include "binding/layout.h"
#include "binding/route_binding.h"
#include "route/records.h"

namespace director::binding {
namespace {

using route::AddressRow;
using route::LinkRow;

Napi::Object AddressLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(AddressRow));
  DIRECTOR_FIELD(builder, AddressRow, "change", change);
  DIRECTOR_FIELD(builder, AddressRow, "flags", flags);
  DIRECTOR_FIELD(builder, AddressRow, "validSeconds", valid_seconds);
  DIRECTOR_FIELD(builder, AddressRow, "preferredSeconds", preferred_seconds);
  DIRECTOR_FIELD(builder, AddressRow, "family", family);
  DIRECTOR_FIELD(builder, AddressRow, "prefixLength", prefix_length);
  DIRECTOR_FIELD(builder, AddressRow, "scope", scope);
  DIRECTOR_FIELD(builder, AddressRow, "hasBroadcast", has_broadcast);
  DIRECTOR_FIELD(builder, AddressRow, "address", address);
  DIRECTOR_FIELD(builder, AddressRow, "peer", peer);
  DIRECTOR_FIELD(builder, AddressRow, "broadcast", broadcast);
  DIRECTOR_FIELD(builder, AddressRow, "link", link);
  DIRECTOR_FIELD(builder, AddressRow, "label", label);
  return builder.layout();
}

Napi::Object LinkLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(LinkRow));
  DIRECTOR_FIELD(builder, LinkRow, "index", index);
  DIRECTOR_FIELD(builder, LinkRow, "flags", flags);
  DIRECTOR_FIELD(builder, LinkRow, "mtu", mtu);
  DIRECTOR_FIELD(builder, LinkRow, "master", master);
  DIRECTOR_FIELD(builder, LinkRow, "operationalState", operational_state);
  DIRECTOR_FIELD(builder, LinkRow, "hardwareSize", hardware_size);
  DIRECTOR_FIELD(builder, LinkRow, "hardware", hardware);
  DIRECTOR_FIELD(builder, LinkRow, "name", name);
  DIRECTOR_FIELD(builder, LinkRow, "kind", kind);
  return builder.layout();
}

Napi::Object RouteConstants(Napi::Env env) {
  const std::pair<const char*, uint32_t> constants[] = {
      {"addAddress", static_cast<uint32_t>(route::AddressChange::kAdd)},
      {"removeAddress", static_cast<uint32_t>(route::AddressChange::kRemove)},
      {"forever", route::kForever},
      {"up", IFF_UP},
      {"loopback", IFF_LOOPBACK},
      {"universe", RT_SCOPE_UNIVERSE},
      {"site", RT_SCOPE_SITE},
      {"link", RT_SCOPE_LINK},
      {"host", RT_SCOPE_HOST},
      {"noDuplicateDetection", IFA_F_NODAD},
      {"noPrefixRoute", IFA_F_NOPREFIXROUTE},
      {"tentative", IFA_F_TENTATIVE},
      {"duplicate", IFA_F_DADFAILED},
      {"deprecated", IFA_F_DEPRECATED},
      {"secondary", IFA_F_SECONDARY},
      {"permanent", IFA_F_PERMANENT},
  };
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, value] : constants) object.Set(name, Napi::Number::New(env, value));
  return object;
}

}  // namespace

void ExportRouteLayouts(Napi::Env env, Napi::Object exports) {
  exports.Set("addressRow", AddressLayout(env));
  exports.Set("linkRow", LinkLayout(env));
  exports.Set("constants", RouteConstants(env));
}

}  // namespace director::binding
