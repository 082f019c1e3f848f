#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

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

// Memory for rows that come in large numbers: what fills a large page or more is made of such, all else comes
// from the heap.
template <class Row>
struct RowMemory {
  using value_type = Row;

  RowMemory() = default;
  template <class Other>
  RowMemory(const RowMemory<Other>&) {}

  Row* allocate(size_t rows) {
    if (!Large(rows)) return static_cast<Row*>(::operator new(rows * sizeof(Row)));
    return static_cast<Row*>(detail::MapLargePages(detail::LargePagesFor(rows * sizeof(Row))));
  }
  void deallocate(Row* memory, size_t rows) {
    if (!Large(rows)) return ::operator delete(memory);
    ::munmap(memory, detail::LargePagesFor(rows * sizeof(Row)));
  }
  bool operator==(const RowMemory&) const { return true; }

 private:
  // More than three quarters of the last page are used.
  static bool Large(size_t rows) { return rows * sizeof(Row) > kLargePage / 4 * 3; }
};

// A piece of a dump on its way out: rows of one length, or text.
struct RowPiece {
  std::vector<uint8_t, RowMemory<uint8_t>> bytes;
  size_t row_bytes = 1;
};

}  // namespace director
