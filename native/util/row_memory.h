#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "util/bytes.h"

namespace director {

// What the kernel puts behind memory at once where it can: a page of the second size of every machine we
// know.
inline constexpr size_t kLargePage = 2 << 20;

namespace detail {

// Whole large pages, populated: page by page, on first touch, memory costs as much as reading what goes in.
inline void* MapLargePages(size_t bytes) {
  // One more than asked for, of which the ends that are not aligned go back.
  const size_t room = bytes + kLargePage;
  void* mapped = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const start = static_cast<uint8_t*>(mapped);
  const size_t head = -reinterpret_cast<uintptr_t>(start) & (kLargePage - 1);
  if (head > 0) ::munmap(start, head);
  ::munmap(start + head + bytes, room - head - bytes);
  // Both are advice: without large pages there are small ones, and kernels before 5.14 populate on touch.
  ::madvise(start + head, bytes, MADV_HUGEPAGE);
  ::madvise(start + head, bytes, MADV_POPULATE_WRITE);
  return start + head;
}

constexpr size_t LargePagesFor(size_t bytes) {
  return (bytes + kLargePage - 1) & ~(kLargePage - 1);
}

}  // namespace detail

// Memory for rows that come in large numbers: what fills most of a large page or more lies on such, all else
// on the heap. Unlike a vector it leaves new bytes as they are, for they are written at once.
class RowBuffer {
 public:
  RowBuffer() = default;
  RowBuffer(RowBuffer&& other) noexcept { Swap(other); }
  RowBuffer& operator=(RowBuffer&& other) noexcept {
    RowBuffer taken(std::move(other));
    Swap(taken);
    return *this;
  }
  ~RowBuffer() { Free(data_, capacity_); }

  uint8_t* data() { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }

  void Reserve(size_t bytes) {
    if (bytes > capacity_) Move(bytes);
  }
  // Room for `bytes` more at the end, for the caller to fill.
  uint8_t* Extend(size_t bytes) {
    if (capacity_ - size_ < bytes) Move(std::max(2 * capacity_, size_ + bytes));
    uint8_t* const room = data_ + size_;
    size_ += bytes;
    return room;
  }
  void Append(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(Extend(bytes.size()), bytes.data(), bytes.size());
  }

 private:
  // More than three quarters of the last page are used.
  static bool Large(size_t bytes) { return bytes > kLargePage / 4 * 3; }

  static void Free(uint8_t* data, size_t capacity) {
    if (!Large(capacity)) return ::operator delete(data);
    ::munmap(data, capacity);
  }

  void Move(size_t bytes) {
    const bool large = Large(bytes);
    const size_t capacity = large ? detail::LargePagesFor(bytes) : bytes;
    auto* const data = static_cast<uint8_t*>(large ? detail::MapLargePages(capacity) : ::operator new(bytes));
    if (size_ > 0) std::memcpy(data, data_, size_);
    Free(std::exchange(data_, data), std::exchange(capacity_, capacity));
  }

  void Swap(RowBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// Rows of one length, or text, on their way to JavaScript.
struct RowPiece {
  RowBuffer bytes;
  size_t row_bytes = 1;

  size_t rows() const { return bytes.size() / row_bytes; }
};

}  // namespace director
