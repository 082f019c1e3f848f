#include "ipset/request.h"

#include "netlink/message.h"

namespace director::ipset {

void BeginRequest(netlink::MessageWriter& writer, uint8_t command, uint16_t flags, uint32_t sequence) {
  writer.Begin(MessageType(command), NLM_F_REQUEST | flags, sequence);
  if (auto* header = writer.Header<nfgenmsg>()) {
    // libipset sends this family with every command; the set's own is an attribute.
    header->nfgen_family = AF_INET;
    header->version = NFNETLINK_V0;
  }
  writer.PutU8(IPSET_ATTR_PROTOCOL, kProtocol);
}

uint32_t RefusedLine(Bytes request) {
  netlink::AttributeReader reader(netlink::AfterHeader(request, sizeof(nfgenmsg)));
  uint32_t line = 0;
  for (netlink::Attribute attribute; reader.Next(attribute);) {
    if (attribute.type == IPSET_ATTR_LINENO && !attribute.Read(line)) return 0;
  }
  return line;
}

}  // namespace director::ipset
