#include "ipvs/encode.h"

#include <linux/ip_vs.h>
#include <sys/socket.h>

#include "ipvs/wire.h"
#include "netlink/generic.h"

namespace director::ipvs {
namespace {

Bytes AddressBytes(uint8_t family, const uint8_t (&address)[16]) {
  return {address, family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr)};
}

void PutKey(netlink::MessageWriter& writer, const ServiceKey& key) {
  writer.PutU16(IPVS_SVC_ATTR_AF, key.family);
  if (key.by_mark) {
    writer.PutU32(IPVS_SVC_ATTR_FWMARK, key.fwmark);
    return;
  }
  writer.PutU16(IPVS_SVC_ATTR_PROTOCOL, key.protocol);
  writer.Put(IPVS_SVC_ATTR_ADDR, AddressBytes(key.family, key.address));
  writer.PutBe16(IPVS_SVC_ATTR_PORT, key.port);
}

// The kernel takes an IPv4 mask in network order, but an IPv6 prefix length as a plain number.
uint32_t WireNetmask(uint8_t family, uint32_t netmask) {
  return family == AF_INET6 ? netmask : htobe32(netmask);
}

}  // namespace

void PutService(netlink::MessageWriter& writer, const ServiceConfig& service, ServiceForm form) {
  nlattr* nest = writer.OpenNest(IPVS_CMD_ATTR_SERVICE);
  PutKey(writer, service.key);
  if (form == ServiceForm::kFull) {
    // The whole configuration is replaced, so the mask covers every flag.
    const ip_vs_flags flags{service.flags, ~uint32_t{0}};
    writer.PutText(IPVS_SVC_ATTR_SCHED_NAME, TextOf(service.scheduler));
    if (service.persistence_engine[0] != 0) {
      writer.PutText(IPVS_SVC_ATTR_PE_NAME, TextOf(service.persistence_engine));
    }
    writer.Put(IPVS_SVC_ATTR_FLAGS, BytesOf(flags));
    writer.PutU32(IPVS_SVC_ATTR_TIMEOUT, service.timeout_seconds);
    writer.PutU32(IPVS_SVC_ATTR_NETMASK, WireNetmask(service.key.family, service.netmask));
  }
  writer.CloseNest(nest);
}

void PutServer(netlink::MessageWriter& writer, const ServerConfig& server, ServerForm form) {
  nlattr* nest = writer.OpenNest(IPVS_CMD_ATTR_DEST);
  writer.PutU16(IPVS_DEST_ATTR_ADDR_FAMILY, server.family);
  writer.Put(IPVS_DEST_ATTR_ADDR, AddressBytes(server.family, server.address));
  writer.PutBe16(IPVS_DEST_ATTR_PORT, server.port);
  if (form == ServerForm::kFull) {
    writer.PutU32(IPVS_DEST_ATTR_FWD_METHOD, server.forwarding & IP_VS_CONN_F_FWD_MASK);
    writer.PutU32(IPVS_DEST_ATTR_WEIGHT, static_cast<uint32_t>(server.weight));
    writer.PutU8(IPVS_DEST_ATTR_TUN_TYPE, server.tunnel_type);
    writer.PutBe16(IPVS_DEST_ATTR_TUN_PORT, server.tunnel_port);
    writer.PutU16(IPVS_DEST_ATTR_TUN_FLAGS, server.tunnel_flags);
    writer.PutU32(IPVS_DEST_ATTR_U_THRESH, server.upper_threshold);
    writer.PutU32(IPVS_DEST_ATTR_L_THRESH, server.lower_threshold);
  }
  writer.CloseNest(nest);
}

void PutDaemon(netlink::MessageWriter& writer, const Daemon& daemon) {
  nlattr* nest = writer.OpenNest(IPVS_CMD_ATTR_DAEMON);
  writer.PutU32(IPVS_DAEMON_ATTR_STATE, daemon.state);
  writer.PutText(IPVS_DAEMON_ATTR_MCAST_IFN, TextOf(daemon.interface));
  writer.PutU32(IPVS_DAEMON_ATTR_SYNC_ID, daemon.sync_id);
  if (daemon.max_length != 0) writer.PutU16(IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon.max_length);
  if (daemon.group_family != 0) {
    const uint16_t type =
        daemon.group_family == AF_INET6 ? IPVS_DAEMON_ATTR_MCAST_GROUP6 : IPVS_DAEMON_ATTR_MCAST_GROUP;
    writer.Put(type, AddressBytes(daemon.group_family, daemon.group));
  }
  if (daemon.port != 0) writer.PutU16(IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port);
  if (daemon.ttl != 0) writer.PutU8(IPVS_DAEMON_ATTR_MCAST_TTL, daemon.ttl);
  writer.CloseNest(nest);
}

bool PutOperation(netlink::MessageWriter& writer, uint16_t family, uint32_t sequence,
                  const OperationRow& row) {
  netlink::BeginGeneric(writer, family, static_cast<uint8_t>(row.kind), kVersion, 0, sequence);
  switch (row.kind) {
    case OperationKind::kAddService:
    case OperationKind::kUpdateService:
      PutService(writer, row.service, ServiceForm::kFull);
      break;
    case OperationKind::kRemoveService:
      PutService(writer, row.service, ServiceForm::kKey);
      break;
    case OperationKind::kAddServer:
    case OperationKind::kUpdateServer:
      PutService(writer, row.service, ServiceForm::kKey);
      PutServer(writer, row.server, ServerForm::kFull);
      break;
    case OperationKind::kRemoveServer:
      PutService(writer, row.service, ServiceForm::kKey);
      PutServer(writer, row.server, ServerForm::kKey);
      break;
  }
  return writer.Finish();
}

}  // namespace director::ipvs
