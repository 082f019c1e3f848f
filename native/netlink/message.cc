#include "netlink/message.h"

namespace director::netlink {
namespace {

// Drops `length` bytes and the padding behind them; the padding of the last item may be missing.
Bytes Skip(Bytes bytes, size_t length) {
  const size_t padded = NLMSG_ALIGN(length);
  return bytes.subspan(std::min(padded, bytes.size()));
}

}  // namespace

bool MessageReader::Next(Message& message) {
  if (rest_.empty() || malformed_) return false;
  nlmsghdr header;
  if (rest_.size() < sizeof header) {
    malformed_ = true;
    return false;
  }
  std::memcpy(&header, rest_.data(), sizeof header);
  if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest_.size()) {
    malformed_ = true;
    return false;
  }
  message = {header.nlmsg_type, header.nlmsg_flags, header.nlmsg_seq, header.nlmsg_pid,
             rest_.subspan(sizeof header, header.nlmsg_len - sizeof header)};
  rest_ = Skip(rest_, header.nlmsg_len);
  return true;
}

bool Attribute::ReadBe16(uint16_t& out) const {
  uint16_t raw;
  if (!Read(raw)) return false;
  out = be16toh(raw);
  return true;
}

bool Attribute::ReadBe32(uint32_t& out) const {
  uint32_t raw;
  if (!Read(raw)) return false;
  out = be32toh(raw);
  return true;
}

bool Attribute::ReadBe64(uint64_t& out) const {
  uint64_t raw;
  if (!Read(raw)) return false;
  out = be64toh(raw);
  return true;
}

std::string_view Attribute::Text() const {
  const char* text = reinterpret_cast<const char*>(payload.data());
  return {text, payload.empty() ? 0 : strnlen(text, payload.size())};
}

bool AttributeReader::Next(Attribute& attribute) {
  if (rest_.empty() || malformed_) return false;
  nlattr header;
  if (rest_.size() < sizeof header) {
    malformed_ = true;
    return false;
  }
  std::memcpy(&header, rest_.data(), sizeof header);
  if (header.nla_len < sizeof header || header.nla_len > rest_.size()) {
    malformed_ = true;
    return false;
  }
  attribute = {static_cast<uint16_t>(header.nla_type & NLA_TYPE_MASK), (header.nla_type & NLA_F_NESTED) != 0,
               (header.nla_type & NLA_F_NET_BYTEORDER) != 0,
               rest_.subspan(sizeof header, header.nla_len - sizeof header)};
  rest_ = Skip(rest_, header.nla_len);
  return true;
}

Bytes AfterHeader(Bytes payload, size_t header_size) {
  const size_t padded = NLMSG_ALIGN(header_size);
  return payload.size() < padded ? Bytes{} : payload.subspan(padded);
}

}  // namespace director::netlink
