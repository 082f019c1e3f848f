#include "netlink/acknowledgement.h"

#include <climits>

namespace director::netlink {
namespace {

std::string ExtendedText(Bytes attributes) {
  AttributeReader reader(attributes);
  for (Attribute attribute; reader.Next(attribute);) {
    if (attribute.type == NLMSGERR_ATTR_MSG) return std::string(attribute.Text());
  }
  return {};
}

// The kernel sends errors negated. INT_MIN, which it never sends, has no positive counterpart.
int ErrorNumber(int sent) {
  return sent < 0 ? -std::max(sent, -INT_MAX) : 0;
}

}  // namespace

bool ParseAcknowledgement(const Message& message, Acknowledgement& out) {
  nlmsgerr error;
  if (message.type == NLMSG_DONE) {
    // A dump's end carries an int only; old kernels may send nothing at all.
    int number = 0;
    if (message.payload.size() >= sizeof number) std::memcpy(&number, message.payload.data(), sizeof number);
    out = {ErrorNumber(number), message.sequence, 0, {}, {}};
    if (message.flags & NLM_F_ACK_TLVS) out.text = ExtendedText(AfterHeader(message.payload, sizeof number));
    return true;
  }
  if (message.payload.size() < sizeof error) return false;
  std::memcpy(&error, message.payload.data(), sizeof error);
  out = {ErrorNumber(error.error), error.msg.nlmsg_seq, error.msg.nlmsg_type, {}, {}};

  Bytes rest = message.payload.subspan(sizeof error);
  const bool capped = (message.flags & NLM_F_CAPPED) != 0 || error.error == 0;
  if (!capped && error.msg.nlmsg_len >= sizeof error.msg) {
    const size_t echoed = std::min<size_t>(error.msg.nlmsg_len - sizeof error.msg, rest.size());
    out.request = rest.first(echoed);
    rest = rest.subspan(std::min<size_t>(NLMSG_ALIGN(echoed), rest.size()));
  }
  if (message.flags & NLM_F_ACK_TLVS) out.text = ExtendedText(rest);
  return true;
}

}  // namespace director::netlink
