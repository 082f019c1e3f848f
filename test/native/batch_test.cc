#include "netlink/batch.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <map>
#include <set>
#include <vector>

#include "netlink/writer.h"

using namespace director;
using namespace director::netlink;

namespace {

constexpr uint16_t kRequestType = 0x40;

// A kernel in miniature: refuses the operations it is told to, acknowledges where asked, and has a reply
// queue that can overflow.
class FakeKernel final : public Channel {
 public:
  std::map<uint32_t, int> refusals;  // by operation
  size_t largest_datagram = SIZE_MAX;
  size_t queue_slots = SIZE_MAX;
  size_t capacity = 1 << 20;
  std::vector<std::vector<uint32_t>> datagrams;  // operations of each datagram taken
  std::vector<bool> acknowledged;                // for each request: had it NLM_F_ACK

  int Send(Bytes datagram) override {
    if (datagram.size() > largest_datagram) return EMSGSIZE;
    auto& operations = datagrams.emplace_back();
    MessageReader reader(datagram);
    for (Message message; reader.Next(message);) {
      uint32_t operation;
      std::memcpy(&operation, message.payload.data(), sizeof operation);
      operations.push_back(operation);
      const auto refusal = refusals.find(operation);
      const int number = refusal == refusals.end() ? 0 : refusal->second;
      acknowledged.push_back((message.flags & NLM_F_ACK) != 0);
      if (number != 0 || (message.flags & NLM_F_ACK)) Reply(message, number);
    }
    return 0;
  }

  ReceiveStatus Receive(Bytes& datagram, int) override {
    if (overrun_) {
      overrun_ = false;
      return ReceiveStatus::kOverrun;
    }
    if (replies_.empty()) return ReceiveStatus::kEmpty;
    current_ = std::move(replies_.front());
    replies_.pop_front();
    datagram = current_;
    return ReceiveStatus::kData;
  }

  size_t send_limit() const override { return 64 << 10; }
  size_t receive_capacity() const override { return capacity; }

 private:
  void Reply(const Message& request, int number) {
    if (replies_.size() == queue_slots) {
      overrun_ = true;
      return;
    }
    struct {
      nlmsghdr header;
      nlmsgerr error;
    } reply{{sizeof reply, NLMSG_ERROR, NLM_F_CAPPED, request.sequence, 0},
            {-number, {NLMSG_HDRLEN, request.type, request.flags, request.sequence, 0}}};
    const Bytes bytes = BytesOf(reply);
    replies_.emplace_back(bytes.begin(), bytes.end());
  }

  std::deque<std::vector<uint8_t>> replies_;
  std::vector<uint8_t> current_;
  bool overrun_ = false;
};

// Operations 0 … count-1, one message each; a barrier before some of them.
class NumberedSource final : public BatchSource {
 public:
  explicit NumberedSource(uint32_t count) : count_(count) {}
  std::set<uint32_t> barriers;
  std::map<uint32_t, int> refused;
  std::set<uint32_t> lost;
  std::set<uint32_t> answered;
  uint32_t sent = 0;

  Append Next(MessageWriter& writer, uint32_t sequence) override {
    if (sent == count_) return Append::kEnd;
    if (barriers.erase(sent) != 0) return Append::kBarrier;
    if (sent == 0) base_ = sequence;
    writer.Begin(kRequestType, NLM_F_REQUEST, sequence);
    if (auto* operation = writer.Header<uint32_t>()) *operation = sent;
    if (!writer.Finish()) return Append::kFull;
    ++sent;
    return Append::kMessage;
  }
  void Refused(uint32_t sequence, const Acknowledgement& reply) override {
    refused[sequence - base_] = reply.number;
  }
  void Lost(uint32_t first, uint32_t last) override {
    for (uint32_t at = first; at <= last; ++at) lost.insert(at - base_);
  }
  void Answered(uint32_t first, uint32_t last) override {
    for (uint32_t at = first; at <= last; ++at) answered.insert(at - base_);
  }

 private:
  uint32_t count_;
  uint32_t base_ = 0;
};

BatchEnd RunBatch(FakeKernel& kernel, NumberedSource& source, BatchOptions options) {
  return BatchEngine(kernel, source, options).Run();
}

}  // namespace

TEST_CASE("a batch asks for an acknowledgement of the last message of a datagram only") {
  FakeKernel kernel;
  NumberedSource source(100);
  CHECK(RunBatch(kernel, source, {}) == BatchEnd::kFinished);
  CHECK(kernel.datagrams.size() == 1);
  CHECK(std::count(kernel.acknowledged.begin(), kernel.acknowledged.end(), true) == 1);
  CHECK(kernel.acknowledged.back());
  CHECK(source.answered.size() == 100);
}

TEST_CASE("refusals are matched to their operations, and the rest goes on") {
  FakeKernel kernel;
  kernel.refusals = {{3, EEXIST}, {99, ESRCH}};
  NumberedSource source(100);
  CHECK(RunBatch(kernel, source, {.stop_on_refusal = false}) == BatchEnd::kFinished);
  CHECK(source.refused == std::map<uint32_t, int>{{3, EEXIST}, {99, ESRCH}});
  CHECK(source.answered.size() == 100);
}

TEST_CASE("after a refusal nothing is sent beyond the datagram in flight") {
  FakeKernel kernel;
  kernel.refusals = {{5, EEXIST}};
  NumberedSource source(1000);
  CHECK(RunBatch(kernel, source, {.datagram_bytes = 400, .in_flight = 1}) == BatchEnd::kStopped);
  REQUIRE(kernel.datagrams.size() == 1);
  CHECK(source.sent == kernel.datagrams[0].size());
  CHECK(source.answered.size() == source.sent);
}

TEST_CASE("a datagram holds no more requests than replies fit into the receive buffer") {
  FakeKernel kernel;
  kernel.capacity = 16 * 1280;
  NumberedSource source(100);
  CHECK(RunBatch(kernel, source, {.in_flight = 2}) == BatchEnd::kFinished);
  for (const auto& operations : kernel.datagrams) CHECK(operations.size() <= 8);
  CHECK(source.answered.size() == 100);
}

TEST_CASE("a datagram that the kernel finds too large is sent in parts, each acknowledged") {
  FakeKernel kernel;
  kernel.largest_datagram = 100;
  kernel.refusals = {{42, EINVAL}};
  NumberedSource source(64);
  CHECK(RunBatch(kernel, source, {.stop_on_refusal = false}) == BatchEnd::kFinished);
  CHECK(source.answered.size() == 64);
  CHECK(source.refused == std::map<uint32_t, int>{{42, EINVAL}});
  std::vector<uint32_t> order;
  for (const auto& operations : kernel.datagrams)
    order.insert(order.end(), operations.begin(), operations.end());
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(order.size() == 64);
}

TEST_CASE("a single request that the kernel finds too large is refused as such") {
  FakeKernel kernel;
  kernel.largest_datagram = 10;
  NumberedSource source(3);
  CHECK(RunBatch(kernel, source, {.stop_on_refusal = false}) == BatchEnd::kFinished);
  CHECK(source.refused == std::map<uint32_t, int>{{0, EMSGSIZE}, {1, EMSGSIZE}, {2, EMSGSIZE}});
}

TEST_CASE("lost replies are reported as lost, those before the loss as they are") {
  FakeKernel kernel;
  kernel.queue_slots = 2;
  for (uint32_t operation = 0; operation < 10; ++operation) kernel.refusals[operation] = EEXIST;
  NumberedSource source(10);
  CHECK(RunBatch(kernel, source, {.stop_on_refusal = false}) == BatchEnd::kFinished);
  CHECK(source.refused == std::map<uint32_t, int>{{0, EEXIST}, {1, EEXIST}});
  CHECK(source.lost.size() == 10);
  CHECK(source.answered.empty());
}

TEST_CASE("a loss in one datagram does not touch the next") {
  FakeKernel kernel;
  kernel.queue_slots = 1;
  kernel.refusals = {{0, EEXIST}, {1, EEXIST}};
  NumberedSource source(40);
  CHECK(RunBatch(kernel, source, {.stop_on_refusal = false, .datagram_bytes = 200, .in_flight = 1}) ==
        BatchEnd::kFinished);
  const size_t first = kernel.datagrams[0].size();
  CHECK(source.lost.size() == first);
  CHECK(source.answered.size() == 40 - first);
}

TEST_CASE("what follows a barrier is sent when all replies are in") {
  FakeKernel kernel;
  NumberedSource source(10);
  source.barriers = {4};
  CHECK(RunBatch(kernel, source, {}) == BatchEnd::kFinished);
  REQUIRE(kernel.datagrams.size() == 2);
  CHECK(kernel.datagrams[0] == std::vector<uint32_t>{0, 1, 2, 3});
  CHECK(source.answered.size() == 10);
}

TEST_CASE("an abort before the start sends nothing") {
  FakeKernel kernel;
  NumberedSource source(10);
  uint8_t aborted = 1;
  CHECK(RunBatch(kernel, source, {.aborted = &aborted}) == BatchEnd::kAborted);
  CHECK(kernel.datagrams.empty());
}

TEST_CASE("an empty batch sends nothing") {
  FakeKernel kernel;
  NumberedSource source(0);
  CHECK(RunBatch(kernel, source, {}) == BatchEnd::kFinished);
  CHECK(kernel.datagrams.empty());
}
