#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "netlink/socket.h"

namespace director::netlink {

// Idle sockets of one protocol in one namespace, so that concurrent jobs need no lock while they talk and
// consecutive ones do not open a socket each. Any thread.
class SocketPool {
 public:
  SocketPool(std::shared_ptr<const Namespace> where, SocketOptions options)
      : where_(std::move(where)), options_(options) {}

  // A socket on loan. Returned to the pool by Return(); otherwise (an exception on the way) it is closed,
  // since unread replies may still sit in it.
  class Lease {
   public:
    Lease(SocketPool& pool, std::unique_ptr<Socket> socket) : pool_(&pool), socket_(std::move(socket)) {}
    Socket& operator*() const { return *socket_; }
    Socket* operator->() const { return socket_.get(); }
    void Return() { pool_->Put(std::move(socket_)); }

   private:
    SocketPool* pool_;
    std::unique_ptr<Socket> socket_;
  };

  Lease Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto socket = std::move(idle_.back());
        idle_.pop_back();
        return {*this, std::move(socket)};
      }
    }
    return {*this, std::make_unique<Socket>(*where_, options_)};
  }

  // Closes the idle sockets; those on loan are closed when they come back.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    idle_.clear();
  }

 private:
  static constexpr size_t kMaxIdle = 4;

  void Put(std::unique_ptr<Socket> socket) {
    const std::lock_guard lock(mutex_);
    if (!closed_ && idle_.size() < kMaxIdle) idle_.push_back(std::move(socket));
  }

  std::shared_ptr<const Namespace> where_;
  SocketOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Socket>> idle_;
  bool closed_ = false;
};

}  // namespace director::netlink
