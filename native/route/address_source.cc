#include "route/address_source.h"

#include "route/encode.h"

namespace director::route {
namespace {

AddressRow RowAt(Bytes bytes) {
  AddressRow row;
  std::memcpy(&row, bytes.data(), sizeof row);
  return row;
}

}  // namespace

LinkIndices NamedLinks(const std::vector<Bytes>& tables) {
  LinkIndices links;
  for (Bytes rest : tables) {
    for (; rest.size() >= sizeof(AddressRow); rest = rest.subspan(sizeof(AddressRow))) {
      const AddressRow row = RowAt(rest);
      if (const auto name = TextOf(row.link); !links.contains(name)) links.emplace(name, 0);
    }
  }
  return links;
}

AddressSource::AddressSource(std::vector<Bytes> tables, LinkIndices links)
    : RowSource(std::move(tables), sizeof(AddressRow)), links_(std::move(links)) {}

bool AddressSource::PutRow(netlink::MessageWriter& writer, uint32_t sequence, Bytes bytes) {
  const AddressRow row = RowAt(bytes);
  const auto link = links_.find(TextOf(row.link));
  return PutAddressChange(writer, sequence, row, link == links_.end() ? 0 : link->second);
}

}  // namespace director::route
