#pragma once

#include "ipvs/records.h"
#include "netlink/writer.h"

namespace director::ipvs {

enum class ServiceForm { kKey, kFull };
enum class ServerForm { kKey, kFull };

// Each appends one nest to the open message.
void PutService(netlink::MessageWriter& writer, const ServiceConfig& service, ServiceForm form);
void PutServer(netlink::MessageWriter& writer, const ServerConfig& server, ServerForm form);
void PutDaemon(netlink::MessageWriter& writer, const Daemon& daemon);

// Appends one whole request for a row. False when it does not fit.
bool PutOperation(netlink::MessageWriter& writer, uint16_t family, uint32_t sequence,
                  const OperationRow& row);

}  // namespace director::ipvs
