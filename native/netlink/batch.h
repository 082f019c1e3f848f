#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "netlink/acknowledgement.h"
#include "netlink/channel.h"
#include "netlink/writer.h"

namespace director::netlink {

enum class Append {
  kMessage,  // one message was finished
  kFull,     // the next message does not fit; the writer is as it was
  kBarrier,  // what follows may only be sent once all replies so far are in
  kEnd,      // nothing left
};

// Where a batch takes its requests from, and where it brings the verdicts. A message may stand for one
// operation (IPVS) or for many (an ipset element list); the source knows which, the engine only knows
// sequence numbers.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // Finishes exactly one message in `writer`, with this sequence number and without NLM_F_ACK. After kEnd it
  // is asked again once all replies are in: a source that has to go on after a refusal has its next message
  // then.
  virtual Append Next(MessageWriter& writer, uint32_t sequence) = 0;

  // The kernel refused the message with this sequence number.
  virtual void Refused(uint32_t sequence, const Acknowledgement& reply) = 0;

  // The messages from `first` to `last` were sent, but their replies were lost: they may have taken effect or
  // not.
  virtual void Lost(uint32_t first, uint32_t last) = 0;

  // Messages `first` to `last` were answered (each refused one was reported before).
  virtual void Answered(uint32_t first, uint32_t last) = 0;
};

struct BatchOptions {
  // Stop after the datagram in which something was refused.
  bool stop_on_refusal = true;
  // Largest datagram to build, bytes; the socket's own limit applies besides.
  size_t datagram_bytes = 128 << 10;
  // Datagrams that may wait for their replies. One, where the first refusal must stop the rest.
  size_t in_flight = 4;
  // How long to wait for replies that should be there already, since the kernel works inside send().
  int reply_timeout_ms = 5000;
  // Set to non-zero by another thread to stop between datagrams; may be null. Read through std::atomic_ref.
  uint8_t* aborted = nullptr;
};

enum class BatchEnd { kFinished, kStopped, kAborted };

// Sends all that a source has, many messages a datagram, asking for an acknowledgement of each datagram's
// last message only: refusals arrive anyway, named by their sequence number.
class BatchEngine {
 public:
  BatchEngine(Channel& channel, BatchSource& source, const BatchOptions& options);
  BatchEnd Run();

 private:
  struct Flight {
    uint32_t first;
    uint32_t last;
  };
  enum class Fill { kSend, kDrain, kEnd };

  Fill FillDatagram();
  void SendDatagram();
  void SendOrSplit(Bytes datagram, uint32_t first, uint32_t last);
  void Drain(size_t until);
  void Handle(Bytes datagram);
  void Settle(uint32_t answered);
  void LoseFlight();

  Channel& channel_;
  BatchSource& source_;
  BatchOptions options_;
  size_t reply_budget_;
  // Not zeroed: most batches are small, and their memory is not to be touched as that of a large one.
  size_t buffer_size_;
  std::unique_ptr<uint8_t[]> buffer_;
  MessageWriter writer_;
  uint32_t first_ = 0;
  uint32_t last_ = 0;
  bool refused_ = false;
  std::deque<Flight> flights_;
};

}  // namespace director::netlink
