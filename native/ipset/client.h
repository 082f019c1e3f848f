#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ipset/change_source.h"
#include "ipset/set_header.h"
#include "netlink/batch.h"
#include "netlink/pool.h"
#include "netlink/report.h"

namespace director::ipset {

// A set type that this kernel has.
struct TypeRange {
  std::string name;
  uint8_t oldest_revision = 0;
  uint8_t newest_revision = 0;
};

// IP sets of one network namespace. Any thread, any number of calls at once; each blocks the calling thread.
// Throws KernelError.
class Client {
 public:
  explicit Client(netlink::SocketPool& pool) : pool_(pool) {}

  // Of the types in SetTypes(), those that the kernel has. Asking makes it load the modules that it can.
  std::vector<TypeRange> GetTypes();
  // Makes a set of the header's name, type, family, revision and options. Without `exclusive` an identical
  // one may be there already.
  void Create(const SetHeader& header, bool exclusive);
  // One set, or all.
  void Destroy(const std::optional<std::string>& set);
  void Flush(const std::optional<std::string>& set);
  void Rename(const std::string& from, const std::string& to);
  void Swap(const std::string& one, const std::string& other);
  // One set's header, or all.
  std::vector<SetHeader> ReadHeaders(const std::optional<std::string>& set);
  // Of all sets.
  std::vector<std::string> ReadNames();
  // Type, family and revision of a set, or why they cannot be had.
  ShapeAnswer ShapeOf(const std::string& set);

  // The entries of changes to one set, as `save` would print them there; see ipset/canonical.h.
  std::vector<uint8_t> Canonical(const Changes& changes);

  netlink::BatchEnd Commit(const Changes& changes, const netlink::BatchOptions& options,
                           netlink::RunReport& report);

  netlink::SocketPool& pool() { return pool_; }

 private:
  netlink::SocketPool& pool_;
};

}  // namespace director::ipset
