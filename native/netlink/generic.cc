#include "netlink/generic.h"

#include <array>
#include <cerrno>

#include "netlink/dump.h"

namespace director::netlink {

void BeginGeneric(MessageWriter& writer, uint16_t family, uint8_t command, uint8_t version, uint16_t flags,
                  uint32_t sequence) {
  if (!writer.Begin(family, static_cast<uint16_t>(NLM_F_REQUEST | flags), sequence)) return;
  if (auto* header = writer.Header<genlmsghdr>()) {
    header->cmd = command;
    header->version = version;
  }
}

std::optional<uint16_t> ResolveFamily(Socket& socket, std::string_view name) {
  std::array<uint8_t, 128> buffer;
  MessageWriter writer(buffer);
  const uint32_t sequence = socket.UseSequence();
  BeginGeneric(writer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK, sequence);
  writer.PutText(CTRL_ATTR_FAMILY_NAME, name);
  if (!writer.Finish()) throw KernelError("resolve family", ENAMETOOLONG);

  std::optional<uint16_t> family;
  const auto read = [&](const Message& message) {
    AttributeReader attributes(AfterHeader(message.payload, sizeof(genlmsghdr)));
    for (Attribute attribute; attributes.Next(attribute);) {
      uint16_t id;
      if (attribute.type == CTRL_ATTR_FAMILY_ID && attribute.Read(id)) family = id;
    }
  };
  try {
    Transact(socket, "resolve family", writer.data(), sequence, read);
  } catch (const KernelError& error) {
    if (error.number() != ENOENT) throw;
  }
  return family;
}

}  // namespace director::netlink
