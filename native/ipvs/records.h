#pragma once

#include <cstdint>

// Fixed-size rows in which IPVS crosses to JavaScript, in both directions. This is the only place that
// defines them: native/binding/layout_binding.cc exports the offsets. All numbers are in host order; text is
// zero-padded.

namespace director::ipvs {

enum class OperationKind : uint32_t {
  kAddService = 1,
  kUpdateService = 2,
  kRemoveService = 3,
  kAddServer = 5,
  kUpdateServer = 6,
  kRemoveServer = 7,
};

struct ServiceKey {
  uint8_t family;     // AF_INET, AF_INET6
  uint8_t by_mark;    // 1: `fwmark` is the key, 0: protocol, address and port are
  uint16_t protocol;  // IPPROTO_*
  uint32_t fwmark;
  uint8_t address[16];  // an IPv4 address in the first four bytes
  uint16_t port;
  uint16_t reserved;
};

struct ServiceConfig {
  ServiceKey key;
  char scheduler[16];
  uint32_t flags;  // IP_VS_SVC_F_*
  uint32_t timeout_seconds;
  // IPv4: the mask, as the kernel has it, holes and all. IPv6: a prefix length.
  uint32_t netmask;
  char persistence_engine[20];
};

struct ServerConfig {
  uint8_t family;
  uint8_t forwarding;   // IP_VS_CONN_F_FWD_MASK
  uint8_t tunnel_type;  // IP_VS_CONN_F_TUNNEL_TYPE_*
  uint8_t reserved;
  uint16_t port;
  uint16_t tunnel_port;
  uint16_t tunnel_flags;  // IP_VS_TUNNEL_ENCAP_FLAG_*
  uint16_t reserved2;
  uint8_t address[16];
  int32_t weight;
  uint32_t upper_threshold;
  uint32_t lower_threshold;
};

// One change to the table. Servers need only the service's key.
struct OperationRow {
  OperationKind kind;
  ServiceConfig service;
  ServerConfig server;
};

struct Stats {
  uint64_t connections;
  uint64_t incoming_packets;
  uint64_t outgoing_packets;
  uint64_t incoming_bytes;
  uint64_t outgoing_bytes;
  uint64_t connections_per_second;
  uint64_t incoming_packets_per_second;
  uint64_t outgoing_packets_per_second;
  uint64_t incoming_bytes_per_second;
  uint64_t outgoing_bytes_per_second;
};

struct ServiceRow {
  ServiceConfig config;
  // In a snapshot: how many of the server rows that follow the previous service's are this one's.
  uint32_t server_count;
  Stats stats;
};

struct ServerRow {
  ServerConfig config;
  uint32_t active_connections;
  uint32_t inactive_connections;
  uint32_t persistent_connections;
  uint32_t reserved;
  Stats stats;
};

static_assert(sizeof(ServiceKey) == 28);
static_assert(sizeof(ServiceConfig) == 76);
static_assert(sizeof(ServerConfig) == 40);
static_assert(sizeof(OperationRow) == 120);
static_assert(sizeof(ServiceRow) % 8 == 0 && sizeof(ServerRow) % 8 == 0);

struct Daemon {
  uint32_t state = 0;  // IP_VS_STATE_MASTER 1, IP_VS_STATE_BACKUP 2
  char interface[16] = {};
  uint32_t sync_id = 0;
  uint16_t max_length = 0;   // 0: the kernel's default
  uint8_t group_family = 0;  // 0: the kernel's default group
  uint8_t group[16] = {};
  uint16_t port = 0;
  uint8_t ttl = 0;
};

struct Timeouts {
  uint32_t tcp_seconds = 0;
  uint32_t tcp_fin_seconds = 0;
  uint32_t udp_seconds = 0;
};

struct Info {
  uint32_t version = 0;
  uint32_t connection_table_size = 0;
};

}  // namespace director::ipvs
