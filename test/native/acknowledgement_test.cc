#include "netlink/acknowledgement.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <climits>
#include <vector>

using director::netlink::Acknowledgement;
using director::netlink::Message;
using director::netlink::ParseAcknowledgement;

namespace {

struct Refusal {
  nlmsgerr error;
  nlattr attribute;
  char text[8];
};

Message MessageOf(const Refusal& refusal, uint16_t flags) {
  return {NLMSG_ERROR, flags, 5, 0, director::BytesOf(refusal)};
}

Refusal RefusalWith(int number) {
  return {{number, {16, 29, 0, 77, 0}}, {4 + 5, NLMSGERR_ATTR_MSG}, "busy"};
}

}  // namespace

TEST_CASE("a refusal names its number, its request and the kernel's words") {
  const Refusal refusal = RefusalWith(-EEXIST);
  Acknowledgement acknowledgement;
  REQUIRE(ParseAcknowledgement(MessageOf(refusal, NLM_F_CAPPED | NLM_F_ACK_TLVS), acknowledgement));
  CHECK(acknowledgement.number == EEXIST);
  CHECK(acknowledgement.request_sequence == 77);
  CHECK(acknowledgement.request_type == 29);
  CHECK(acknowledgement.text == "busy");
}

TEST_CASE("without the flag that announces them, no words are looked for") {
  const Refusal refusal = RefusalWith(-EEXIST);
  Acknowledgement acknowledgement;
  REQUIRE(ParseAcknowledgement(MessageOf(refusal, NLM_F_CAPPED), acknowledgement));
  CHECK(acknowledgement.text.empty());
}

TEST_CASE("a number without a positive counterpart is still an error") {
  const Refusal refusal = RefusalWith(INT_MIN);
  Acknowledgement acknowledgement;
  REQUIRE(ParseAcknowledgement(MessageOf(refusal, NLM_F_CAPPED), acknowledgement));
  CHECK(acknowledgement.number > 0);
}

TEST_CASE("a message too short for an acknowledgement is none") {
  const Refusal refusal = RefusalWith(0);
  Message message = MessageOf(refusal, 0);
  message.payload = message.payload.first(sizeof(nlmsgerr) - 1);
  Acknowledgement acknowledgement;
  CHECK_FALSE(ParseAcknowledgement(message, acknowledgement));
}

TEST_CASE("the end of a dump may carry an error, or nothing") {
  Acknowledgement acknowledgement;
  REQUIRE(ParseAcknowledgement({NLMSG_DONE, 0, 9, 0, {}}, acknowledgement));
  CHECK(acknowledgement.number == 0);
  const int number = -EINTR;
  REQUIRE(ParseAcknowledgement({NLMSG_DONE, 0, 9, 0, director::BytesOf(number)}, acknowledgement));
  CHECK(acknowledgement.number == EINTR);
  CHECK(acknowledgement.request_sequence == 9);
}
