#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "ipvs/records.h"
#include "netlink/batch.h"
#include "netlink/dump.h"
#include "netlink/pool.h"
#include "netlink/report.h"
#include "util/row_memory.h"

namespace director::ipvs {

// The whole table as read once: servers follow each other in the order of their services.
struct Snapshot {
  std::vector<ServiceRow> services;
  // Pieces of bounded size, so that a large table never needs one allocation of its size twice.
  std::vector<std::vector<ServerRow>> servers;
};

// IPVS in one network namespace. Any thread, any number of calls at once; each blocks the calling thread.
// Throws KernelError; ENOENT with operation "resolve family" means that the kernel has no IPVS.
class Client {
 public:
  explicit Client(netlink::SocketPool& pool) : pool_(pool) {}

  // The number of the family; asked again after a failure, since the module may be loaded later.
  uint16_t family();
  // After ENOENT, which is also what a number without a family gets: asks the kernel anew, and tells whether
  // the family now has another number than `old`. A module that is unloaded and loaded comes back with one.
  bool FamilyMoved(uint16_t old);

  netlink::BatchEnd Commit(std::vector<Bytes> tables, const netlink::BatchOptions& options,
                           netlink::RunReport& report);

  Info GetInfo();
  Timeouts GetTimeouts();
  void SetTimeouts(const Timeouts& timeouts);
  void Flush();
  // One service's counters, or all.
  void Zero(const std::optional<ServiceKey>& key);
  ServiceRow GetService(const ServiceKey& key);
  std::vector<Daemon> GetDaemons();
  void StartDaemon(const Daemon& daemon);
  void StopDaemon(const Daemon& daemon);
  Snapshot ReadSnapshot();

  netlink::SocketPool& pool() { return pool_; }

 private:
  netlink::BatchEnd CommitTo(uint16_t family, std::vector<Bytes> tables, const netlink::BatchOptions& options,
                             netlink::RunReport& report);
  uint16_t ResolveFamily();

  netlink::SocketPool& pool_;
  std::mutex mutex_;
  std::optional<uint16_t> family_;
};

// A dump of services, or of one service's servers, read piece by piece. One thread at a time.
class TableDump {
 public:
  // Without a key: the services.
  TableDump(Client& client, std::optional<ServiceKey> key);

  // Appends rows until there are at least `enough` bytes or the dump is over. Returns kMore while there is
  // more.
  netlink::DumpState Read(RowPiece& piece, size_t enough);

 private:
  void Start();
  // The first piece; asked for once more where the family's number had died.
  template <class Visitor>
  netlink::DumpState ReadFirst(Visitor&& read);

  Client& client_;
  std::optional<ServiceKey> key_;
  netlink::SocketPool::Lease socket_;
  netlink::Dump dump_;
  bool started_ = false;
  uint16_t family_;
};

}  // namespace director::ipvs
