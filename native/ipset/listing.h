#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ipset/set_header.h"
#include "netlink/dump.h"
#include "netlink/pool.h"

namespace director::ipset {

// Asks for one set, or all. `flags` is 0 for everything, IPSET_FLAG_LIST_HEADER or IPSET_FLAG_LIST_SETNAME.
void StartListing(netlink::Dump& dump, netlink::Socket& socket, const std::optional<std::string>& set,
                  uint32_t flags);

// The entries of one set as rows of `stride` bytes, read piece by piece. One thread at a time.
class EntryListing {
 public:
  EntryListing(netlink::SocketPool& pool, std::string set, size_t stride);

  // Appends rows until there are at least `enough` bytes or the listing is over. Throws ESTALE when the set
  // was replaced by one whose entries need longer rows.
  netlink::DumpState Read(std::vector<uint8_t>& rows, size_t enough);

 private:
  void ReadMessage(const netlink::Message& message, std::vector<uint8_t>& rows);

  std::string set_;
  size_t stride_;
  netlink::SocketPool::Lease socket_;
  netlink::Dump dump_;
  bool started_ = false;
};

// One set, or all, in the text of `ipset save`, whole lines piece by piece. One thread at a time.
class SaveListing {
 public:
  SaveListing(netlink::SocketPool& pool, std::optional<std::string> set);

  netlink::DumpState Read(std::vector<uint8_t>& text, size_t enough);

 private:
  void ReadMessage(const netlink::Message& message);

  std::optional<std::string> set_;
  netlink::SocketPool::Lease socket_;
  netlink::Dump dump_;
  bool started_ = false;
  std::string text_;
};

}  // namespace director::ipset
