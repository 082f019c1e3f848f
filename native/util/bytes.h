#pragma once

#include <arpa/inet.h>
#include <endian.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace director {

using Bytes = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

// The bytes of a trivially copyable value, for writing it out.
template <class T>
Bytes BytesOf(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

// Copies text into a fixed, zero-padded field; what does not fit is cut, and the last byte stays zero.
template <size_t N>
void CopyText(std::string_view text, char (&field)[N]) {
  std::memset(field, 0, N);
  std::memcpy(field, text.data(), std::min(text.size(), N - 1));
}

// The text in a fixed field, up to its first zero byte or its end.
template <size_t N>
std::string_view TextOf(const char (&field)[N]) {
  return {field, strnlen(field, N)};
}

}  // namespace director
