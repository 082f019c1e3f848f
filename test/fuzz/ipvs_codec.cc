// Any bytes as a reply of IPVS, and as an operation row: reading and writing stay inside them, and a service
// or server that was read survives decode → encode → decode.
#include <sys/socket.h>

#include <array>
#include <cstdlib>

#include "ipvs/decode.h"
#include "ipvs/encode.h"

namespace {

using namespace director;
using namespace director::ipvs;

// Ample for one operation; every field has a fixed size.
using Buffer = std::array<uint8_t, 1024>;

bool Equal(Bytes left, Bytes right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

// The payload of the request for one operation.
Bytes Encode(Buffer& buffer, const OperationRow& row) {
  netlink::MessageWriter writer(buffer);
  if (!PutOperation(writer, 28, 1, row)) abort();
  netlink::MessageReader reader(writer.data());
  netlink::Message message;
  if (!reader.Next(message)) abort();
  return message.payload;
}

// A service has one kind of key: with a mark, address and port mean nothing and are not sent.
void KeepOneKey(ServiceKey& key) {
  if (key.by_mark) key = {key.family, 1, 0, key.fwmark, {}, 0, 0};
}

void CheckService(Bytes payload) {
  ServiceRow row;
  if (!ReadService(payload, row)) return;
  KeepOneKey(row.config.key);
  Buffer buffer;
  const OperationRow operation = {OperationKind::kAddService, row.config, {}};
  ServiceRow again;
  if (!ReadService(Encode(buffer, operation), again)) abort();
  if (!Equal(BytesOf(again.config), BytesOf(row.config))) abort();
}

void CheckServer(Bytes payload) {
  ServerRow row;
  if (!ReadServer(payload, AF_INET, row)) return;
  Buffer buffer;
  OperationRow operation = {OperationKind::kAddServer, {}, row.config};
  operation.service.key.family = AF_INET;
  ServerRow again;
  if (!ReadServer(Encode(buffer, operation), AF_INET, again)) abort();
  if (!Equal(BytesOf(again.config), BytesOf(row.config))) abort();
}

// Rows come from JavaScript, which may have written anything into them.
void CheckRow(Bytes bytes) {
  OperationRow row;
  if (bytes.size() < sizeof row) return;
  std::memcpy(&row, bytes.data(), sizeof row);
  Buffer buffer;
  Encode(buffer, row);
}

void CheckRest(Bytes payload) {
  Daemon daemon;
  Timeouts timeouts;
  Info info;
  volatile bool read = ReadDaemon(payload, daemon);
  read = ReadTimeouts(payload, timeouts);
  read = ReadInfo(payload, info);
  (void)read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, size);
  CheckService(bytes);
  CheckServer(bytes);
  CheckRest(bytes);
  CheckRow(bytes);
  return 0;
}
