#pragma once

#include <map>
#include <string>

#include "netlink/row_source.h"
#include "route/records.h"

namespace director::route {

// Link names with their indices at the time of asking; 0 for a link that is not there.
using LinkIndices = std::map<std::string, uint32_t, std::less<>>;

// The names of all links that tables of AddressRow speak of, each with index 0.
LinkIndices NamedLinks(const std::vector<Bytes>& tables);

// Address rows as a source of requests. The kernel wants indices; rows carry names, which stay meaningful in
// reports.
class AddressSource final : public netlink::RowSource {
 public:
  AddressSource(std::vector<Bytes> tables, LinkIndices links);

 private:
  bool PutRow(netlink::MessageWriter& writer, uint32_t sequence, Bytes row) override;

  LinkIndices links_;
};

}  // namespace director::route
