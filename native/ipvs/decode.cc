#include "ipvs/decode.h"

#include <endian.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>

#include <optional>

namespace director::ipvs {
namespace {

using netlink::Attribute;
using netlink::AttributeReader;

std::optional<Bytes> FindNest(Bytes payload, uint16_t type) {
  AttributeReader reader(netlink::AfterHeader(payload, sizeof(genlmsghdr)));
  for (Attribute attribute; reader.Next(attribute);) {
    if (attribute.type == type) return attribute.payload;
  }
  return std::nullopt;
}

// The kernel always sends 16 bytes; a shorter IPv4 address is as good.
bool ReadAddress(const Attribute& attribute, uint8_t (&address)[16]) {
  const size_t size = attribute.payload.size();
  if (size < sizeof(in_addr) || size > sizeof address) return false;
  std::memset(address, 0, sizeof address);
  std::memcpy(address, attribute.payload.data(), size);
  return true;
}

// An IPv4 row keeps nothing behind its four bytes, so that equal rows are equal in memory.
void TrimAddress(uint8_t family, uint8_t (&address)[16]) {
  if (family == AF_INET) std::memset(address + sizeof(in_addr), 0, sizeof address - sizeof(in_addr));
}

template <size_t N>
void ReadText(const Attribute& attribute, char (&field)[N]) {
  CopyText(attribute.Text(), field);
}

uint32_t HostNetmask(uint8_t family, uint32_t netmask) {
  return family == AF_INET6 ? netmask : be32toh(netmask);
}

// Counters are u64 in STATS64 and a mix of u32 and u64 in STATS; the length tells.
void ReadStats(Bytes nest, Stats& stats) {
  uint64_t* const fields[] = {&stats.connections,
                              &stats.incoming_packets,
                              &stats.outgoing_packets,
                              &stats.incoming_bytes,
                              &stats.outgoing_bytes,
                              &stats.connections_per_second,
                              &stats.incoming_packets_per_second,
                              &stats.outgoing_packets_per_second,
                              &stats.incoming_bytes_per_second,
                              &stats.outgoing_bytes_per_second};
  static_assert(IPVS_STATS_ATTR_CONNS == 1 && IPVS_STATS_ATTR_OUTBPS == std::size(fields));
  AttributeReader reader(nest);
  for (Attribute attribute; reader.Next(attribute);) {
    if (attribute.type < IPVS_STATS_ATTR_CONNS || attribute.type > IPVS_STATS_ATTR_OUTBPS) continue;
    uint64_t& field = *fields[attribute.type - IPVS_STATS_ATTR_CONNS];
    uint32_t narrow;
    if (attribute.Read(narrow)) {
      field = narrow;
    } else if (!attribute.Read(field)) {
      continue;
    }
  }
}

bool ReadServiceAttribute(const Attribute& attribute, ServiceConfig& service, uint32_t& netmask) {
  uint16_t number;
  ip_vs_flags flags;
  switch (attribute.type) {
    case IPVS_SVC_ATTR_AF:
      if (!attribute.Read(number)) return false;
      service.key.family = static_cast<uint8_t>(number);
      return true;
    case IPVS_SVC_ATTR_PROTOCOL:
      return attribute.Read(service.key.protocol);
    case IPVS_SVC_ATTR_ADDR:
      return ReadAddress(attribute, service.key.address);
    case IPVS_SVC_ATTR_PORT:
      return attribute.ReadBe16(service.key.port);
    case IPVS_SVC_ATTR_FWMARK:
      service.key.by_mark = 1;
      return attribute.Read(service.key.fwmark);
    case IPVS_SVC_ATTR_SCHED_NAME:
      ReadText(attribute, service.scheduler);
      return true;
    case IPVS_SVC_ATTR_FLAGS:
      if (!attribute.Read(flags)) return false;
      service.flags = flags.flags;
      return true;
    case IPVS_SVC_ATTR_TIMEOUT:
      return attribute.Read(service.timeout_seconds);
    case IPVS_SVC_ATTR_NETMASK:
      return attribute.Read(netmask);
    case IPVS_SVC_ATTR_PE_NAME:
      ReadText(attribute, service.persistence_engine);
      return true;
    default:
      return true;
  }
}

bool ReadServerAttribute(const Attribute& attribute, ServerRow& row) {
  ServerConfig& server = row.config;
  uint32_t wide;
  uint16_t number;
  switch (attribute.type) {
    case IPVS_DEST_ATTR_ADDR:
      return ReadAddress(attribute, server.address);
    case IPVS_DEST_ATTR_PORT:
      return attribute.ReadBe16(server.port);
    case IPVS_DEST_ATTR_ADDR_FAMILY:
      if (!attribute.Read(number)) return false;
      if (number != 0) server.family = static_cast<uint8_t>(number);
      return true;
    case IPVS_DEST_ATTR_FWD_METHOD:
      if (!attribute.Read(wide)) return false;
      server.forwarding = static_cast<uint8_t>(wide & IP_VS_CONN_F_FWD_MASK);
      return true;
    case IPVS_DEST_ATTR_WEIGHT:
      return attribute.Read(server.weight);
    case IPVS_DEST_ATTR_U_THRESH:
      return attribute.Read(server.upper_threshold);
    case IPVS_DEST_ATTR_L_THRESH:
      return attribute.Read(server.lower_threshold);
    case IPVS_DEST_ATTR_ACTIVE_CONNS:
      return attribute.Read(row.active_connections);
    case IPVS_DEST_ATTR_INACT_CONNS:
      return attribute.Read(row.inactive_connections);
    case IPVS_DEST_ATTR_PERSIST_CONNS:
      return attribute.Read(row.persistent_connections);
    case IPVS_DEST_ATTR_TUN_TYPE:
      return attribute.Read(server.tunnel_type);
    case IPVS_DEST_ATTR_TUN_PORT:
      return attribute.ReadBe16(server.tunnel_port);
    case IPVS_DEST_ATTR_TUN_FLAGS:
      return attribute.Read(server.tunnel_flags);
    default:
      return true;
  }
}

// Applies `read` to each attribute, STATS and STATS64 apart: the wide one wins where both are there.
template <class Function>
bool ReadRow(Bytes nest, uint16_t stats_type, uint16_t stats64_type, Stats& stats, Function read) {
  AttributeReader reader(nest);
  bool wide = false;
  for (Attribute attribute; reader.Next(attribute);) {
    if (attribute.type == stats64_type) {
      wide = true;
      ReadStats(attribute.payload, stats);
    } else if (attribute.type == stats_type) {
      if (!wide) ReadStats(attribute.payload, stats);
    } else if (!read(attribute)) {
      return false;
    }
  }
  return !reader.malformed();
}

}  // namespace

bool ReadService(Bytes payload, ServiceRow& row) {
  row = {};
  const auto nest = FindNest(payload, IPVS_CMD_ATTR_SERVICE);
  if (!nest) return false;
  uint32_t netmask = 0;
  const bool whole = ReadRow(
      *nest, IPVS_SVC_ATTR_STATS, IPVS_SVC_ATTR_STATS64, row.stats,
      [&](const Attribute& attribute) { return ReadServiceAttribute(attribute, row.config, netmask); });
  const uint8_t family = row.config.key.family;
  row.config.netmask = HostNetmask(family, netmask);
  TrimAddress(family, row.config.key.address);
  return whole && (family == AF_INET || family == AF_INET6);
}

bool ReadServer(Bytes payload, uint8_t service_family, ServerRow& row) {
  row = {};
  row.config.family = service_family;
  const auto nest = FindNest(payload, IPVS_CMD_ATTR_DEST);
  if (!nest) return false;
  const bool whole = ReadRow(*nest, IPVS_DEST_ATTR_STATS, IPVS_DEST_ATTR_STATS64, row.stats,
                             [&](const Attribute& attribute) { return ReadServerAttribute(attribute, row); });
  TrimAddress(row.config.family, row.config.address);
  return whole && (row.config.family == AF_INET || row.config.family == AF_INET6);
}

bool ReadDaemon(Bytes payload, Daemon& daemon) {
  daemon = {};
  const auto nest = FindNest(payload, IPVS_CMD_ATTR_DAEMON);
  if (!nest) return false;
  AttributeReader reader(*nest);
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    switch (attribute.type) {
      case IPVS_DAEMON_ATTR_STATE:
        good = attribute.Read(daemon.state);
        break;
      case IPVS_DAEMON_ATTR_MCAST_IFN:
        ReadText(attribute, daemon.interface);
        break;
      case IPVS_DAEMON_ATTR_SYNC_ID:
        good = attribute.Read(daemon.sync_id);
        break;
      case IPVS_DAEMON_ATTR_SYNC_MAXLEN:
        good = attribute.Read(daemon.max_length);
        break;
      case IPVS_DAEMON_ATTR_MCAST_GROUP:
        good = ReadAddress(attribute, daemon.group);
        daemon.group_family = AF_INET;
        break;
      case IPVS_DAEMON_ATTR_MCAST_GROUP6:
        good = ReadAddress(attribute, daemon.group);
        daemon.group_family = AF_INET6;
        break;
      case IPVS_DAEMON_ATTR_MCAST_PORT:
        good = attribute.Read(daemon.port);
        break;
      case IPVS_DAEMON_ATTR_MCAST_TTL:
        good = attribute.Read(daemon.ttl);
        break;
      default:
        break;
    }
    if (!good) return false;
  }
  return !reader.malformed();
}

bool ReadTimeouts(Bytes payload, Timeouts& timeouts) {
  AttributeReader reader(netlink::AfterHeader(payload, sizeof(genlmsghdr)));
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    if (attribute.type == IPVS_CMD_ATTR_TIMEOUT_TCP) good = attribute.Read(timeouts.tcp_seconds);
    if (attribute.type == IPVS_CMD_ATTR_TIMEOUT_TCP_FIN) good = attribute.Read(timeouts.tcp_fin_seconds);
    if (attribute.type == IPVS_CMD_ATTR_TIMEOUT_UDP) good = attribute.Read(timeouts.udp_seconds);
    if (!good) return false;
  }
  return !reader.malformed();
}

bool ReadInfo(Bytes payload, Info& info) {
  AttributeReader reader(netlink::AfterHeader(payload, sizeof(genlmsghdr)));
  for (Attribute attribute; reader.Next(attribute);) {
    bool good = true;
    if (attribute.type == IPVS_INFO_ATTR_VERSION) good = attribute.Read(info.version);
    if (attribute.type == IPVS_INFO_ATTR_CONN_TAB_SIZE) good = attribute.Read(info.connection_table_size);
    if (!good) return false;
  }
  return !reader.malformed();
}

}  // namespace director::ipvs
