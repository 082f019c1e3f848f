#pragma once

#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "netlink/socket.h"

namespace director::netlink {

// Receives the datagrams of a long dump by a thread of its own. The kernel makes each part of a dump inside
// recv(), which takes longer than reading it does: where there is a second processor, reading costs next to
// nothing. Everything but that thread's work is called on one other thread, which leaves the socket alone
// meanwhile.
class ReceiveAhead {
 public:
  // `socket` must outlive this.
  explicit ReceiveAhead(Socket& socket);
  ReceiveAhead(const ReceiveAhead&) = delete;
  ReceiveAhead& operator=(const ReceiveAhead&) = delete;
  ~ReceiveAhead();

  // The next datagrams; they live until the next call. kEmpty: there were no more to receive at once, and the
  // thread has ended. Throws what the socket has thrown.
  ReceiveStatus Next(std::vector<Bytes>& datagrams);

 private:
  struct Batch {
    ReceiveBuffer buffer;
    std::vector<Bytes> datagrams;
    ReceiveStatus status = ReceiveStatus::kEmpty;
    std::exception_ptr failure;
  };
  // One that is read, one that waits and one that is filled.
  static constexpr size_t kBatches = 3;

  void Work();
  void Fill(Batch& batch);

  Socket& socket_;
  std::array<Batch, kBatches> batches_;

  // Guards what is below. Batches are filled and read in turn, counted from the beginning.
  std::mutex mutex_;
  std::condition_variable more_;
  std::condition_variable fewer_;
  size_t filled_ = 0;
  size_t taken_ = 0;  // the last of them is being read
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace director::netlink
