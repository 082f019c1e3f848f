#include "netlink/writer.h"

namespace director::netlink {

bool MessageWriter::Begin(uint16_t type, uint16_t flags, uint32_t sequence) {
  overflowed_ = false;
  if (buffer_.size() - finished_ < NLMSG_HDRLEN) {
    overflowed_ = true;
    return false;
  }
  message_ = mnl_nlmsg_put_header(buffer_.data() + finished_);
  message_->nlmsg_type = type;
  message_->nlmsg_flags = flags;
  message_->nlmsg_seq = sequence;
  return true;
}

void* MessageWriter::ExtraHeader(size_t size) {
  if (overflowed_ || message_ == nullptr || room() < NLMSG_ALIGN(size)) {
    overflowed_ = true;
    return nullptr;
  }
  return mnl_nlmsg_put_extra_header(message_, size);
}

bool MessageWriter::Finish() {
  if (overflowed_ || message_ == nullptr) {
    Abandon();
    return false;
  }
  finished_ += NLMSG_ALIGN(message_->nlmsg_len);
  last_ = message_;
  message_ = nullptr;
  return true;
}

void MessageWriter::Abandon() {
  message_ = nullptr;
}

void MessageWriter::Put(uint16_t type, Bytes payload) {
  if (overflowed_ || message_ == nullptr) return;
  // libmnl checks against the buffer measured from the message's own start.
  const size_t limit = buffer_.size() - finished_;
  if (!mnl_attr_put_check(message_, limit, type, payload.size(), payload.data())) overflowed_ = true;
}

void MessageWriter::PutText(uint16_t type, std::string_view text) {
  if (overflowed_ || message_ == nullptr) return;
  const size_t length = NLA_HDRLEN + text.size() + 1;
  if (room() < NLA_ALIGN(length)) {
    overflowed_ = true;
    return;
  }
  auto* attribute = static_cast<nlattr*>(mnl_nlmsg_get_payload_tail(message_));
  attribute->nla_type = type;
  attribute->nla_len = static_cast<uint16_t>(length);
  auto* payload = static_cast<char*>(mnl_attr_get_payload(attribute));
  std::memset(payload, 0, NLA_ALIGN(length) - NLA_HDRLEN);
  std::memcpy(payload, text.data(), text.size());
  message_->nlmsg_len += NLA_ALIGN(length);
}

nlattr* MessageWriter::OpenNest(uint16_t type) {
  if (overflowed_ || message_ == nullptr) return nullptr;
  nlattr* nest = mnl_attr_nest_start_check(message_, buffer_.size() - finished_, type);
  if (nest == nullptr) overflowed_ = true;
  return nest;
}

void MessageWriter::CloseNest(nlattr* nest) {
  if (nest == nullptr || message_ == nullptr) return;
  const auto* tail = static_cast<const uint8_t*>(mnl_nlmsg_get_payload_tail(message_));
  // nla_len has 16 bits; a longer nest would wrap around silently.
  if (tail - reinterpret_cast<const uint8_t*>(nest) > UINT16_MAX) {
    overflowed_ = true;
    return;
  }
  mnl_attr_nest_end(message_, nest);
}

MutableBytes MessageWriter::Tail() {
  if (overflowed_ || message_ == nullptr) return {};
  return buffer_.subspan(finished_ + message_->nlmsg_len);
}

void MessageWriter::Clear() {
  finished_ = 0;
  message_ = last_ = nullptr;
  overflowed_ = false;
}

}  // namespace director::netlink
