#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <span>
#include <string>

#include "util/bytes.h"
#include "util/unique_fd.h"

// The few calls of bpf(2) that a filter needs. Any thread; errors are KernelErrors.
namespace director::bpf {

// A map of the kernel's, found by fixed-size keys.
class Map {
 public:
  Map() = default;
  Map(const char* name, bpf_map_type type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
      uint32_t flags);

  void Update(const void* key, const void* value) const;
  void Remove(const void* key) const;
  // Many keys at once, all with the value of `value_size` zero bytes but the first, which is 1. One system
  // call where the kernel has batches for this kind of map, one a key otherwise.
  void InsertAll(Bytes keys) const;
  void RemoveAll(Bytes keys) const;

  int fd() const { return fd_.get(); }

 private:
  template <class One>
  void ForAll(bpf_cmd command, Bytes keys, Bytes values, One&& one) const;
  size_t Batch(bpf_cmd command, Bytes keys, Bytes values) const;

  UniqueFd fd_;
  uint32_t key_size_ = 0;
  uint32_t value_size_ = 0;
};

// An instruction that loads the address of a map, by the map's name in the program.
struct MapReference {
  uint32_t instruction;
  const char* map;
};

struct NamedMap {
  const char* name;
  const Map& map;
};

// Puts the maps' descriptors into a copy of the code and has the kernel check and load it. A refusal's detail
// is the end of the verifier's log.
UniqueFd LoadSocketFilter(const char* name, std::span<const uint64_t> code,
                          std::span<const MapReference> references, std::span<const NamedMap> maps);

// What a loaded socket filter answers for a packet of these bytes (BPF_PROG_TEST_RUN): 0 is a refusal.
uint32_t TestRun(int program, Bytes packet);

}  // namespace director::bpf
