#include "netlink/batch.h"

#include <atomic>
#include <cerrno>

#include "util/error.h"

namespace director::netlink {
namespace {

// What one small reply may weigh in the receive queue (its sk_buff counts, not its bytes).
constexpr size_t kReplyWeight = 1280;

nlmsghdr* HeaderAt(uint8_t* bytes) {
  return reinterpret_cast<nlmsghdr*>(bytes);
}

}  // namespace

BatchEngine::BatchEngine(Channel& channel, BatchSource& source, const BatchOptions& options)
    : channel_(channel),
      source_(source),
      options_(options),
      // Even when every request of every datagram in flight is refused, the replies must fit.
      reply_budget_(std::max<size_t>(
          1, channel.receive_capacity() / kReplyWeight / std::max<size_t>(1, options.in_flight))),
      buffer_size_(std::min(options.datagram_bytes, channel.send_limit())),
      buffer_(std::make_unique_for_overwrite<uint8_t[]>(buffer_size_)),
      writer_(MutableBytes(buffer_.get(), buffer_size_)) {}

BatchEnd BatchEngine::Run() {
  for (;;) {
    if (options_.aborted != nullptr &&
        std::atomic_ref(*options_.aborted).load(std::memory_order_relaxed) != 0) {
      Drain(0);
      return BatchEnd::kAborted;
    }
    const Fill fill = FillDatagram();
    if (writer_.size() > 0) SendDatagram();
    const bool settle = fill != Fill::kSend;
    Drain(settle ? 0 : options_.in_flight - 1);
    if (refused_ && options_.stop_on_refusal) {
      Drain(0);
      return BatchEnd::kStopped;
    }
    if (fill == Fill::kEnd) return BatchEnd::kFinished;
  }
}

BatchEngine::Fill BatchEngine::FillDatagram() {
  writer_.Clear();
  for (size_t messages = 0; messages < reply_budget_; ++messages) {
    const uint32_t sequence = channel_.next_sequence();
    switch (source_.Next(writer_, sequence)) {
      case Append::kMessage:
        channel_.UseSequence();
        if (messages == 0) first_ = sequence;
        last_ = sequence;
        break;
      case Append::kFull:
        if (messages == 0) throw KernelError("batch: a single request is larger than a datagram", EMSGSIZE);
        return Fill::kSend;
      case Append::kBarrier:
        return Fill::kDrain;
      case Append::kEnd:
        // A source may have more to say once it has heard the replies.
        return messages == 0 && flights_.empty() ? Fill::kEnd : Fill::kDrain;
    }
  }
  return Fill::kSend;
}

void BatchEngine::SendDatagram() {
  writer_.last()->nlmsg_flags |= NLM_F_ACK;
  SendOrSplit(writer_.data(), first_, last_);
}

void BatchEngine::SendOrSplit(Bytes datagram, uint32_t first, uint32_t last) {
  const int refused = channel_.Send(datagram);
  if (refused == 0) {
    flights_.push_back({first, last});
    return;
  }
  uint8_t* bytes = buffer_.get() + (datagram.data() - buffer_.get());
  if (first == last) {
    refused_ = true;
    source_.Refused(first, {refused, first, HeaderAt(bytes)->nlmsg_type, {}, {}});
    source_.Answered(first, last);
    return;
  }
  // The kernel could not take a datagram of this size: send it as two.
  size_t offset = 0;
  uint32_t middle = first;
  nlmsghdr* end_of_first = nullptr;
  while (offset < datagram.size() / 2 || end_of_first == nullptr) {
    end_of_first = HeaderAt(bytes + offset);
    middle = end_of_first->nlmsg_seq;
    offset += NLMSG_ALIGN(end_of_first->nlmsg_len);
    if (HeaderAt(bytes + offset)->nlmsg_seq == last) break;
  }
  end_of_first->nlmsg_flags |= NLM_F_ACK;
  const uint32_t second = HeaderAt(bytes + offset)->nlmsg_seq;
  SendOrSplit(datagram.first(offset), first, middle);
  Drain(0);
  if (refused_ && options_.stop_on_refusal) return;
  SendOrSplit(datagram.subspan(offset), second, last);
}

void BatchEngine::Drain(size_t until) {
  int wait_ms = options_.reply_timeout_ms;
  while (flights_.size() > until) {
    Bytes datagram;
    switch (channel_.Receive(datagram, wait_ms)) {
      case ReceiveStatus::kData:
        Handle(datagram);
        break;
      case ReceiveStatus::kOverrun:
        // Replies were dropped. Those still queued are good; for the rest there is nothing to wait for.
        wait_ms = 0;
        break;
      case ReceiveStatus::kEmpty:
        while (!flights_.empty()) LoseFlight();
        return;
    }
  }
}

void BatchEngine::Handle(Bytes datagram) {
  MessageReader reader(datagram);
  for (Message message; !flights_.empty() && reader.Next(message);) {
    Acknowledgement reply;
    if (message.type != NLMSG_ERROR || !ParseAcknowledgement(message, reply)) continue;
    // Serial arithmetic: a number outside all flights is a leftover of an earlier use of the socket.
    const uint32_t first = flights_.front().first;
    if (message.sequence - first > flights_.back().last - first) continue;
    Settle(message.sequence);
    if (reply.number != 0) {
      refused_ = true;
      source_.Refused(message.sequence, reply);
    }
    if (message.sequence == flights_.front().last) {
      source_.Answered(flights_.front().first, flights_.front().last);
      flights_.pop_front();
    }
  }
}

// Replies come in order: one for a later flight means that the last reply of each earlier one was dropped.
void BatchEngine::Settle(uint32_t answered) {
  while (answered - flights_.front().first > flights_.front().last - flights_.front().first) LoseFlight();
}

void BatchEngine::LoseFlight() {
  refused_ = true;
  source_.Lost(flights_.front().first, flights_.front().last);
  flights_.pop_front();
}

}  // namespace director::netlink
