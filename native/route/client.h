#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netlink/batch.h"
#include "netlink/dump.h"
#include "netlink/pool.h"
#include "netlink/report.h"
#include "route/records.h"

namespace director::route {

// Links and addresses of one network namespace. Any thread, any number of calls at once; each blocks the
// calling thread. Throws KernelError.
class Client {
 public:
  explicit Client(netlink::SocketPool& pool) : pool_(pool) {}

  void CreateLink(std::string_view name, std::string_view kind, bool up);
  void RemoveLink(std::string_view name);
  void SetLink(std::string_view name, bool up);
  LinkRow GetLink(std::string_view name);
  // Whether the kernel can make links of this kind. Changes nothing, but asking makes the kernel load the
  // kind's module where it has one.
  bool KnowsKind(std::string_view kind);

  std::vector<LinkRow> ReadLinks();
  // Of one link, or of all.
  std::vector<AddressRow> ReadAddresses(const std::optional<std::string>& link);

  // Tables of AddressRow. A link that is not there refuses its rows with ENODEV.
  netlink::BatchEnd Commit(std::vector<Bytes> tables, const netlink::BatchOptions& options,
                           netlink::RunReport& report);

 private:
  template <class Put>
  void Tell(const char* operation, Put&& put);
  template <class Put, class Start, class Visitor>
  void ReadWhole(const char* operation, Put&& put, Start&& start, Visitor&& visit);

  netlink::SocketPool& pool_;
};

}  // namespace director::route
