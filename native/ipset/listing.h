#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ipset/decode_entry.h"
#include "ipset/set_header.h"
#include "netlink/dump.h"
#include "netlink/pool.h"
#include "util/row_memory.h"

namespace director::ipset {

// Asks for one set, or all. `flags` is 0 for everything, IPSET_FLAG_LIST_HEADER or IPSET_FLAG_LIST_SETNAME.
void StartListing(netlink::Dump& dump, netlink::Socket& socket, const std::optional<std::string>& set,
                  uint32_t flags);

// The entries of one set as rows, as long as its type and options want them, read piece by piece. One thread
// at a time.
class EntryListing {
 public:
  EntryListing(netlink::SocketPool& pool, std::string set);

  // Appends rows until there are at least `enough` bytes or the listing is over. Throws ESTALE when the set
  // was replaced meanwhile by one whose entries need longer rows.
  netlink::DumpState Read(RowPiece& piece, size_t enough);

 private:
  void ReadMessage(const netlink::Message& message, RowPiece& piece);
  void ReadHeader(const netlink::Message& message);

  std::string set_;
  // Of a row, bytes; 0 until the first message has brought the header.
  size_t stride_ = 0;
  EntryReader reader_;
  netlink::SocketPool::Lease socket_;
  netlink::Dump dump_;
  bool started_ = false;
};

// One set, or all, in the text of `ipset save`, whole lines piece by piece. One thread at a time.
class SaveListing {
 public:
  SaveListing(netlink::SocketPool& pool, std::optional<std::string> set);

  netlink::DumpState Read(RowPiece& piece, size_t enough);

 private:
  void ReadMessage(const netlink::Message& message);

  std::optional<std::string> set_;
  netlink::SocketPool::Lease socket_;
  netlink::Dump dump_;
  bool started_ = false;
  std::string text_;
  EntryReader reader_;
};

}  // namespace director::ipset
