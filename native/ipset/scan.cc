#include "ipset/scan.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace director::ipset {
namespace {

constexpr size_t kMaxAddressText = INET6_ADDRSTRLEN;

std::optional<uint64_t> ScanBase(std::string_view digits, int base, uint64_t max) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || value > max)
    return {};
  return value;
}

bool StartsHex(std::string_view text) {
  return text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

// The one form that has to be quick: a million of them is an ordinary list.
bool ScanIpv4(std::string_view text, uint8_t (&out)[16]) {
  size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) return false;
    const size_t start = at;
    unsigned value = 0;
    for (; at < text.size() && at - start < 3 && text[at] >= '0' && text[at] <= '9'; ++at) {
      value = value * 10 + static_cast<unsigned>(text[at] - '0');
    }
    const bool octal_looking = at - start > 1 && text[start] == '0';
    if (at == start || value > 255 || octal_looking) return false;
    out[part] = static_cast<uint8_t>(value);
  }
  return at == text.size();
}

}  // namespace

std::optional<uint64_t> ScanNumber(std::string_view text, uint64_t max) {
  if (StartsHex(text)) return ScanBase(text.substr(2), 16, max);
  if (text.size() > 1 && text[0] == '0') return {};
  return ScanBase(text, 10, max);
}

std::optional<uint64_t> ScanHex(std::string_view text, uint64_t max) {
  return ScanBase(StartsHex(text) ? text.substr(2) : text, 16, max);
}

std::string_view Unbracketed(std::string_view text) {
  const bool wrapped = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  return wrapped ? text.substr(1, text.size() - 2) : text;
}

uint8_t ScanAddress(std::string_view text, uint8_t (&out)[16]) {
  text = Unbracketed(text);
  if (ScanIpv4(text, out)) return AF_INET;
  if (text.size() >= kMaxAddressText || text.find(':') == std::string_view::npos) return 0;
  char terminated[kMaxAddressText];
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  return inet_pton(AF_INET6, terminated, out) == 1 ? AF_INET6 : 0;
}

bool ScanMac(std::string_view text, uint8_t (&out)[6]) {
  constexpr size_t kLength = 17;
  if (text.size() != kLength) return false;
  for (size_t byte = 0; byte < 6; ++byte) {
    if (byte > 0 && text[byte * 3 - 1] != ':') return false;
    const auto value = ScanBase(text.substr(byte * 3, 2), 16, 255);
    if (!value) return false;
    out[byte] = static_cast<uint8_t>(*value);
  }
  return true;
}

// A loop, since the texts are short: the start of a library call costs more than the search.
Halves SplitAt(std::string_view text, char separator) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == separator) return {text.substr(0, at), text.substr(at + 1), true};
  }
  return {text, {}, false};
}

}  // namespace director::ipset
