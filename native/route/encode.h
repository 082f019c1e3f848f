#pragma once

#include <string_view>

#include "netlink/writer.h"
#include "route/records.h"

namespace director::route {

// What a link request is to do with IFF_UP.
enum class Admin { kDown, kUp };

// Each appends one whole request (without NLM_F_ACK where the engine sends it); false when it does not fit.
bool PutCreateLink(netlink::MessageWriter& writer, uint32_t sequence, std::string_view name,
                   std::string_view kind, Admin admin);
bool PutRemoveLink(netlink::MessageWriter& writer, uint32_t sequence, std::string_view name);
bool PutSetLink(netlink::MessageWriter& writer, uint32_t sequence, std::string_view name, Admin admin);
bool PutGetLink(netlink::MessageWriter& writer, uint32_t sequence, std::string_view name);
// A request to create a link of this kind that no kernel can grant: the hardware address is a multicast one.
// The errno tells whether the kernel knows the kind.
bool PutProbeKind(netlink::MessageWriter& writer, uint32_t sequence, std::string_view kind);
bool PutDumpLinks(netlink::MessageWriter& writer, uint32_t sequence);
bool PutDumpAddresses(netlink::MessageWriter& writer, uint32_t sequence);
// `link_index` 0 names no link: the kernel answers ENODEV.
bool PutAddressChange(netlink::MessageWriter& writer, uint32_t sequence, const AddressRow& row,
                      uint32_t link_index);

}  // namespace director::route
