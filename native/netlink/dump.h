#pragma once

#include <memory>
#include <vector>

#include "netlink/message.h"
#include "netlink/receive_ahead.h"
#include "netlink/socket.h"
#include "util/error.h"

namespace director::netlink {

enum class DumpState {
  kMore,
  kDone,
  // The table changed in a way that the kernel noticed (NLM_F_DUMP_INTR): what was read is not one picture.
  kInterrupted,
};

// One dump on a socket that does nothing else meanwhile. The kernel produces the next part only when the last
// was read, so a slow reader loses nothing and holds little.
class Dump {
 public:
  explicit Dump(Socket& socket) : socket_(socket) {}

  // Sends the request, a finished message with NLM_F_DUMP and this socket's sequence number.
  void Start(Bytes request, uint32_t sequence);

  // Receives what is there and hands each message to `visit(const Message&)`. Throws KernelError on a
  // refusal.
  template <class Visitor>
  DumpState Read(Visitor&& visit) {
    Receive();
    for (Bytes datagram : datagrams_) {
      MessageReader reader(datagram);
      for (Message message; reader.Next(message);) {
        if (message.sequence != sequence_) continue;
        if (message.flags & NLM_F_DUMP_INTR) interrupted_ = true;
        if (message.flags & NLM_F_DUMP_FILTERED) filtered_ = true;
        if (Ends(message)) return End();
        if (message.type >= NLMSG_MIN_TYPE) visit(message);
      }
      CheckWhole(reader);
    }
    return DumpState::kMore;
  }

  // Whether the kernel says that it applied a filter (NLM_F_DUMP_FILTERED on replies).
  bool filtered() const { return filtered_; }

 private:
  void Receive();
  ReceiveStatus ReceiveStep();
  bool Ends(const Message& message);
  DumpState End();
  static void CheckWhole(const MessageReader& reader);

  Socket& socket_;
  uint32_t sequence_ = 0;
  bool interrupted_ = false;
  bool filtered_ = false;
  std::vector<Bytes> datagrams_;
  // Bytes, of all datagrams so far.
  size_t received_ = 0;
  // From the time on when the dump has turned out to be long. Has the socket to itself.
  std::unique_ptr<ReceiveAhead> ahead_;
};

// Sends one request and hands each answering message (not the acknowledgement) to `visit`. The request must
// carry NLM_F_ACK. Throws KernelError("<operation>", number, text) on a refusal.
template <class Visitor>
void Transact(Socket& socket, const char* operation, Bytes request, uint32_t sequence, Visitor&& visit);

// The same for requests that answer with an acknowledgement alone.
void Transact(Socket& socket, const char* operation, Bytes request, uint32_t sequence);

// Waits for one answer to `sequence`; false once the acknowledgement has come.
bool ReceiveAnswer(Socket& socket, const char* operation, uint32_t sequence, std::vector<Message>& messages);

template <class Visitor>
void Transact(Socket& socket, const char* operation, Bytes request, uint32_t sequence, Visitor&& visit) {
  if (const int refused = socket.Send(request); refused != 0) throw KernelError(operation, refused);
  std::vector<Message> messages;
  for (bool more = true; more;) {
    more = ReceiveAnswer(socket, operation, sequence, messages);
    for (const Message& message : messages) visit(message);
  }
}

}  // namespace director::netlink
