#include <linux/ip_vs.h>

#include <cstddef>
#include <utility>

#include "binding/ipvs_binding.h"
#include "binding/layout.h"
#include "ipvs/records.h"

namespace director::binding {
namespace {

using ipvs::OperationRow;
using ipvs::ServerRow;
using ipvs::ServiceRow;

#define SERVICE_FIELDS(builder, Row, prefix)                              \
  DIRECTOR_FIELD(builder, Row, "family", prefix.key.family);              \
  DIRECTOR_FIELD(builder, Row, "byMark", prefix.key.by_mark);             \
  DIRECTOR_FIELD(builder, Row, "protocol", prefix.key.protocol);          \
  DIRECTOR_FIELD(builder, Row, "fwmark", prefix.key.fwmark);              \
  DIRECTOR_FIELD(builder, Row, "address", prefix.key.address);            \
  DIRECTOR_FIELD(builder, Row, "port", prefix.key.port);                  \
  DIRECTOR_FIELD(builder, Row, "scheduler", prefix.scheduler);            \
  DIRECTOR_FIELD(builder, Row, "flags", prefix.flags);                    \
  DIRECTOR_FIELD(builder, Row, "timeoutSeconds", prefix.timeout_seconds); \
  DIRECTOR_FIELD(builder, Row, "netmask", prefix.netmask);                \
  DIRECTOR_FIELD(builder, Row, "persistenceEngine", prefix.persistence_engine)

#define SERVER_FIELDS(builder, Row, prefix)                               \
  DIRECTOR_FIELD(builder, Row, "serverFamily", prefix.family);            \
  DIRECTOR_FIELD(builder, Row, "forwarding", prefix.forwarding);          \
  DIRECTOR_FIELD(builder, Row, "tunnelType", prefix.tunnel_type);         \
  DIRECTOR_FIELD(builder, Row, "serverPort", prefix.port);                \
  DIRECTOR_FIELD(builder, Row, "tunnelPort", prefix.tunnel_port);         \
  DIRECTOR_FIELD(builder, Row, "tunnelFlags", prefix.tunnel_flags);       \
  DIRECTOR_FIELD(builder, Row, "serverAddress", prefix.address);          \
  DIRECTOR_FIELD(builder, Row, "weight", prefix.weight);                  \
  DIRECTOR_FIELD(builder, Row, "upperThreshold", prefix.upper_threshold); \
  DIRECTOR_FIELD(builder, Row, "lowerThreshold", prefix.lower_threshold)

#define STATS_FIELDS(builder, Row)                                                             \
  DIRECTOR_FIELD(builder, Row, "connections", stats.connections);                              \
  DIRECTOR_FIELD(builder, Row, "incomingPackets", stats.incoming_packets);                     \
  DIRECTOR_FIELD(builder, Row, "outgoingPackets", stats.outgoing_packets);                     \
  DIRECTOR_FIELD(builder, Row, "incomingBytes", stats.incoming_bytes);                         \
  DIRECTOR_FIELD(builder, Row, "outgoingBytes", stats.outgoing_bytes);                         \
  DIRECTOR_FIELD(builder, Row, "connectionsPerSecond", stats.connections_per_second);          \
  DIRECTOR_FIELD(builder, Row, "incomingPacketsPerSecond", stats.incoming_packets_per_second); \
  DIRECTOR_FIELD(builder, Row, "outgoingPacketsPerSecond", stats.outgoing_packets_per_second); \
  DIRECTOR_FIELD(builder, Row, "incomingBytesPerSecond", stats.incoming_bytes_per_second);     \
  DIRECTOR_FIELD(builder, Row, "outgoingBytesPerSecond", stats.outgoing_bytes_per_second)

Napi::Object OperationLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(OperationRow));
  DIRECTOR_FIELD(builder, OperationRow, "kind", kind);
  SERVICE_FIELDS(builder, OperationRow, service);
  SERVER_FIELDS(builder, OperationRow, server);
  return builder.layout();
}

Napi::Object ServiceLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(ServiceRow));
  SERVICE_FIELDS(builder, ServiceRow, config);
  DIRECTOR_FIELD(builder, ServiceRow, "serverCount", server_count);
  STATS_FIELDS(builder, ServiceRow);
  return builder.layout();
}

Napi::Object ServerLayout(Napi::Env env) {
  LayoutBuilder builder(env, sizeof(ServerRow));
  SERVER_FIELDS(builder, ServerRow, config);
  DIRECTOR_FIELD(builder, ServerRow, "activeConnections", active_connections);
  DIRECTOR_FIELD(builder, ServerRow, "inactiveConnections", inactive_connections);
  DIRECTOR_FIELD(builder, ServerRow, "persistentConnections", persistent_connections);
  STATS_FIELDS(builder, ServerRow);
  return builder.layout();
}

Napi::Object IpvsConstants(Napi::Env env) {
  const std::pair<const char*, uint32_t> constants[] = {
      {"addService", static_cast<uint32_t>(ipvs::OperationKind::kAddService)},
      {"updateService", static_cast<uint32_t>(ipvs::OperationKind::kUpdateService)},
      {"removeService", static_cast<uint32_t>(ipvs::OperationKind::kRemoveService)},
      {"addServer", static_cast<uint32_t>(ipvs::OperationKind::kAddServer)},
      {"updateServer", static_cast<uint32_t>(ipvs::OperationKind::kUpdateServer)},
      {"removeServer", static_cast<uint32_t>(ipvs::OperationKind::kRemoveServer)},
      {"persistent", IP_VS_SVC_F_PERSISTENT},
      {"hashed", IP_VS_SVC_F_HASHED},
      {"onePacket", IP_VS_SVC_F_ONEPACKET},
      {"schedulerFlag1", IP_VS_SVC_F_SCHED1},
      {"schedulerFlag2", IP_VS_SVC_F_SCHED2},
      {"schedulerFlag3", IP_VS_SVC_F_SCHED3},
      {"masquerade", IP_VS_CONN_F_MASQ},
      {"local", IP_VS_CONN_F_LOCALNODE},
      {"tunnel", IP_VS_CONN_F_TUNNEL},
      {"direct", IP_VS_CONN_F_DROUTE},
      {"bypass", IP_VS_CONN_F_BYPASS},
      {"ipip", IP_VS_CONN_F_TUNNEL_TYPE_IPIP},
      {"gue", IP_VS_CONN_F_TUNNEL_TYPE_GUE},
      {"gre", IP_VS_CONN_F_TUNNEL_TYPE_GRE},
      {"noChecksum", IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM},
      {"checksum", IP_VS_TUNNEL_ENCAP_FLAG_CSUM},
      {"remoteChecksum", IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM},
      {"master", IP_VS_STATE_MASTER},
      {"backup", IP_VS_STATE_BACKUP},
  };
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, value] : constants) object.Set(name, Napi::Number::New(env, value));
  return object;
}

}  // namespace

void ExportIpvsLayouts(Napi::Env env, Napi::Object exports) {
  exports.Set("operationRow", OperationLayout(env));
  exports.Set("serviceRow", ServiceLayout(env));
  exports.Set("serverRow", ServerLayout(env));
  exports.Set("constants", IpvsConstants(env));
}

}  // namespace director::binding
