#include "netlink/dump.h"

#include <cerrno>

#include "netlink/acknowledgement.h"

namespace director::netlink {
namespace {

// The kernel answers inside send(); a longer silence means that the answer was lost.
constexpr int kAnswerTimeoutMs = 10000;

// What takes as long to receive as it takes to start a thread, many times over.
constexpr size_t kLongDump = 1 << 20;

// Asked of the system once.
bool HasSecondProcessor() {
  static const bool has = std::thread::hardware_concurrency() > 1;
  return has;
}

}  // namespace

void Dump::Start(Bytes request, uint32_t sequence) {
  sequence_ = sequence;
  interrupted_ = filtered_ = false;
  received_ = 0;
  ahead_.reset();
  if (const int refused = socket_.Send(request); refused != 0) throw KernelError("dump", refused);
}

void Dump::Receive() {
  switch (ReceiveStep()) {
    case ReceiveStatus::kData:
      for (const Bytes datagram : datagrams_) received_ += datagram.size();
      return;
    case ReceiveStatus::kOverrun:
      throw KernelError("dump", ENOBUFS);
    case ReceiveStatus::kEmpty:
      throw KernelError("dump", ETIMEDOUT);
  }
}

ReceiveStatus Dump::ReceiveStep() {
  if (received_ >= kLongDump && !ahead_ && HasSecondProcessor()) {
    ahead_ = std::make_unique<ReceiveAhead>(socket_);
  }
  if (ahead_) {
    const ReceiveStatus status = ahead_->Next(datagrams_);
    if (status != ReceiveStatus::kEmpty) return status;
    // It was too early to ask: from here on, wait for what comes.
    ahead_.reset();
    received_ = 0;
  }
  return socket_.ReceiveMany(datagrams_, kAnswerTimeoutMs);
}

DumpState Dump::End() {
  // The socket is the caller's again.
  ahead_.reset();
  return interrupted_ ? DumpState::kInterrupted : DumpState::kDone;
}

bool Dump::Ends(const Message& message) {
  if (message.type != NLMSG_DONE && message.type != NLMSG_ERROR) return false;
  Acknowledgement end;
  if (!ParseAcknowledgement(message, end)) throw KernelError("dump", EBADMSG);
  if (end.number != 0) throw KernelError("dump", end.number, end.text);
  return true;
}

void Dump::CheckWhole(const MessageReader& reader) {
  if (reader.malformed())
    throw KernelError("dump", EBADMSG, "a message claims more bytes than were received");
}

bool ReceiveAnswer(Socket& socket, const char* operation, uint32_t sequence, std::vector<Message>& messages) {
  messages.clear();
  Bytes datagram;
  switch (socket.Receive(datagram, kAnswerTimeoutMs)) {
    case ReceiveStatus::kData:
      break;
    case ReceiveStatus::kOverrun:
      throw KernelError(operation, ENOBUFS);
    case ReceiveStatus::kEmpty:
      throw KernelError(operation, ETIMEDOUT);
  }
  MessageReader reader(datagram);
  for (Message message; reader.Next(message);) {
    if (message.sequence != sequence) continue;
    if (message.type != NLMSG_ERROR) {
      messages.push_back(message);
      continue;
    }
    Acknowledgement reply;
    if (!ParseAcknowledgement(message, reply)) throw KernelError(operation, EBADMSG);
    if (reply.number != 0) throw KernelError(operation, reply.number, reply.text);
    return false;
  }
  if (reader.malformed())
    throw KernelError(operation, EBADMSG, "a message claims more bytes than were received");
  return true;
}

void Transact(Socket& socket, const char* operation, Bytes request, uint32_t sequence) {
  Transact(socket, operation, request, sequence, [](const Message&) {});
}

}  // namespace director::netlink
