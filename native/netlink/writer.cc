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

uint8_t* MessageWriter::Attribute(uint16_t type, size_t size) {
  if (overflowed_ || message_ == nullptr) return nullptr;
  const size_t length = NLA_HDRLEN + size;
  // nla_len has 16 bits; a longer attribute would wrap around silently.
  if (length > UINT16_MAX || room() < NLA_ALIGN(length)) {
    overflowed_ = true;
    return nullptr;
  }
  uint8_t* bytes = reinterpret_cast<uint8_t*>(message_) + message_->nlmsg_len;
  const nlattr header{static_cast<uint16_t>(length), type};
  std::memcpy(bytes, &header, sizeof header);
  std::memset(bytes + NLA_HDRLEN, 0, NLA_ALIGN(length) - NLA_HDRLEN);
  message_->nlmsg_len += NLA_ALIGN(length);
  return bytes + NLA_HDRLEN;
}

void MessageWriter::Put(uint16_t type, Bytes payload) {
  uint8_t* bytes = Attribute(type, payload.size());
  if (bytes != nullptr) std::ranges::copy(payload, bytes);
}

void MessageWriter::PutText(uint16_t type, std::string_view text) {
  uint8_t* bytes = Attribute(type, text.size() + 1);
  if (bytes != nullptr) std::ranges::copy(text, bytes);
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
