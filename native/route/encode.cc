#include "route/encode.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace director::route {
namespace {

using netlink::MessageWriter;

// The flags that a request may set; the kernel keeps the others for itself.
constexpr uint32_t kSettableFlags =
    IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;

ifinfomsg* BeginLink(MessageWriter& writer, uint16_t type, uint16_t flags, uint32_t sequence) {
  if (!writer.Begin(type, static_cast<uint16_t>(NLM_F_REQUEST | flags), sequence)) return nullptr;
  return writer.Header<ifinfomsg>();
}

void SetAdmin(ifinfomsg* header, Admin admin) {
  if (header == nullptr) return;
  header->ifi_change = IFF_UP;
  header->ifi_flags = admin == Admin::kUp ? IFF_UP : 0;
}

void PutKind(MessageWriter& writer, std::string_view kind) {
  nlattr* info = writer.OpenNest(IFLA_LINKINFO);
  writer.PutText(IFLA_INFO_KIND, kind);
  writer.CloseNest(info);
}

Bytes AddressBytes(uint8_t family, const uint8_t (&address)[16]) {
  return {address, family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr)};
}

void PutDetails(MessageWriter& writer, const AddressRow& row) {
  if (row.has_broadcast) writer.Put(IFA_BROADCAST, row.broadcast);
  if (row.family == AF_INET && row.label[0] != 0) writer.PutText(IFA_LABEL, TextOf(row.label));
  if (const uint32_t flags = row.flags & kSettableFlags; flags != 0) writer.PutU32(IFA_FLAGS, flags);
  if (row.valid_seconds != kForever || row.preferred_seconds != kForever) {
    ifa_cacheinfo lifetimes{};
    lifetimes.ifa_valid = row.valid_seconds;
    lifetimes.ifa_prefered = row.preferred_seconds;
    writer.Put(IFA_CACHEINFO, BytesOf(lifetimes));
  }
}

}  // namespace

bool PutCreateLink(MessageWriter& writer, uint32_t sequence, std::string_view name, std::string_view kind,
                   Admin admin) {
  SetAdmin(BeginLink(writer, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sequence), admin);
  writer.PutText(IFLA_IFNAME, name);
  PutKind(writer, kind);
  return writer.Finish();
}

bool PutRemoveLink(MessageWriter& writer, uint32_t sequence, std::string_view name) {
  BeginLink(writer, RTM_DELLINK, NLM_F_ACK, sequence);
  writer.PutText(IFLA_IFNAME, name);
  return writer.Finish();
}

bool PutSetLink(MessageWriter& writer, uint32_t sequence, std::string_view name, Admin admin) {
  SetAdmin(BeginLink(writer, RTM_SETLINK, NLM_F_ACK, sequence), admin);
  writer.PutText(IFLA_IFNAME, name);
  return writer.Finish();
}

bool PutGetLink(MessageWriter& writer, uint32_t sequence, std::string_view name) {
  BeginLink(writer, RTM_GETLINK, NLM_F_ACK, sequence);
  writer.PutU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  writer.PutText(IFLA_IFNAME, name);
  return writer.Finish();
}

bool PutProbeKind(MessageWriter& writer, uint32_t sequence, std::string_view kind) {
  constexpr uint8_t kMulticast[6] = {1};
  BeginLink(writer, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sequence);
  writer.Put(IFLA_ADDRESS, kMulticast);
  PutKind(writer, kind);
  return writer.Finish();
}

bool PutDumpLinks(MessageWriter& writer, uint32_t sequence) {
  BeginLink(writer, RTM_GETLINK, NLM_F_DUMP, sequence);
  writer.PutU32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return writer.Finish();
}

bool PutDumpAddresses(MessageWriter& writer, uint32_t sequence) {
  if (writer.Begin(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, sequence)) writer.Header<ifaddrmsg>();
  return writer.Finish();
}

bool PutAddressChange(MessageWriter& writer, uint32_t sequence, const AddressRow& row, uint32_t link_index) {
  const bool add = row.change == AddressChange::kAdd;
  const uint16_t flags = add ? NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL : NLM_F_REQUEST;
  if (!writer.Begin(add ? RTM_NEWADDR : RTM_DELADDR, flags, sequence)) return false;
  if (auto* header = writer.Header<ifaddrmsg>()) {
    header->ifa_family = row.family;
    header->ifa_prefixlen = row.prefix_length;
    header->ifa_scope = row.scope;
    header->ifa_index = link_index;
  }
  writer.Put(IFA_LOCAL, AddressBytes(row.family, row.address));
  writer.Put(IFA_ADDRESS, AddressBytes(row.family, row.peer));
  if (add) PutDetails(writer, row);
  return writer.Finish();
}

}  // namespace director::route
