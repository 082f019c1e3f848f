#include "bpf/object.h"

#include <linux/if_ether.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "util/error.h"

namespace director::bpf {
namespace {

// The verifier explains itself at length; what went wrong stands at the end.
constexpr size_t kLogBytes = 1 << 20;
constexpr size_t kLogTail = 400;

// A map that allocates as it grows has some dozens of elements in store, and a kernel without interrupts of
// its own (User-Mode Linux) makes more with the next tick of its clock.
constexpr int kRefillUs = 1000;
constexpr int kMostRefills = 100;

long Call(bpf_cmd command, bpf_attr& attr) {
  long result;
  do result = ::syscall(SYS_bpf, command, &attr, sizeof attr);
  while (result < 0 && (errno == EINTR || errno == EAGAIN));
  return result;
}

uint64_t Pointer(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

template <size_t N>
void CopyName(const char* name, char (&field)[N]) {
  CopyText(name, field);
}

std::string Tail(const std::string& log) {
  const std::string_view text(log.c_str());
  return std::string(text.substr(text.size() - std::min(text.size(), kLogTail)));
}

// The descriptor goes where the linker would put the map's address (BPF_PSEUDO_MAP_FD, two instructions
// long).
void PatchMap(std::vector<bpf_insn>& code, uint32_t instruction, int fd) {
  bpf_insn& load = code.at(instruction);
  load.src_reg = BPF_PSEUDO_MAP_FD;
  load.imm = fd;
  code.at(instruction + 1).imm = 0;
}

}  // namespace

Map::Map(const char* name, bpf_map_type type, uint32_t key_size, uint32_t value_size, uint32_t max_entries,
         uint32_t flags)
    : key_size_(key_size), value_size_(value_size) {
  bpf_attr attr{};
  attr.map_type = type;
  attr.key_size = key_size;
  attr.value_size = value_size;
  attr.max_entries = max_entries;
  attr.map_flags = flags;
  CopyName(name, attr.map_name);
  fd_ = UniqueFd(static_cast<int>(Call(BPF_MAP_CREATE, attr)));
  if (!fd_) throw KernelError("create filter map", errno);
}

void Map::Update(const void* key, const void* value) const {
  bpf_attr attr{};
  attr.map_fd = static_cast<uint32_t>(fd_.get());
  attr.key = Pointer(key);
  attr.value = Pointer(value);
  attr.flags = BPF_ANY;
  for (int refills = 0; Call(BPF_MAP_UPDATE_ELEM, attr) != 0; ++refills) {
    if (errno != ENOMEM || refills == kMostRefills) throw KernelError("update filter map", errno);
    ::usleep(kRefillUs);
  }
}

void Map::Remove(const void* key) const {
  bpf_attr attr{};
  attr.map_fd = static_cast<uint32_t>(fd_.get());
  attr.key = Pointer(key);
  if (Call(BPF_MAP_DELETE_ELEM, attr) != 0 && errno != ENOENT) throw KernelError("update filter map", errno);
}

// How many keys the kernel took, from the front.
size_t Map::Batch(bpf_cmd command, Bytes keys, Bytes values) const {
  const auto count = static_cast<uint32_t>(keys.size() / key_size_);
  bpf_attr attr{};
  attr.batch.map_fd = static_cast<uint32_t>(fd_.get());
  attr.batch.keys = Pointer(keys.data());
  attr.batch.values = Pointer(values.data());
  attr.batch.count = count;
  if (Call(command, attr) == 0) return count;
  // A kernel that did not begin leaves the count as it was.
  return attr.batch.count < count ? attr.batch.count : 0;
}

// The key that the kernel stopped at is tried by itself, which says why: no memory just now, no room, or no
// batches (an older kernel, or this kind of map), and then all go by themselves.
template <class One>
void Map::ForAll(bpf_cmd command, Bytes keys, Bytes values, One&& one) const {
  for (bool batches = true; !keys.empty(); keys = keys.subspan(key_size_)) {
    if (batches) {
      const size_t taken = Batch(command, keys, values);
      batches = taken > 0 || errno == ENOMEM;
      keys = keys.subspan(taken * key_size_);
      if (keys.empty()) return;
    }
    one(keys.data());
  }
}

void Map::InsertAll(Bytes keys) const {
  std::vector<uint8_t> values(keys.size() / key_size_ * value_size_);
  for (size_t i = 0; i < values.size(); i += value_size_) values[i] = 1;
  ForAll(BPF_MAP_UPDATE_BATCH, keys, values, [&](const uint8_t* key) { Update(key, values.data()); });
}

void Map::RemoveAll(Bytes keys) const {
  ForAll(BPF_MAP_DELETE_BATCH, keys, {}, [&](const uint8_t* key) { Remove(key); });
}

UniqueFd LoadSocketFilter(const char* name, std::span<const uint64_t> code,
                          std::span<const MapReference> references, std::span<const NamedMap> maps) {
  static_assert(sizeof(bpf_insn) == sizeof(uint64_t));
  std::vector<bpf_insn> instructions(code.size());
  std::memcpy(instructions.data(), code.data(), code.size_bytes());
  for (const MapReference& reference : references) {
    const auto found = std::find_if(maps.begin(), maps.end(), [&](const NamedMap& candidate) {
      return std::string_view(candidate.name) == reference.map;
    });
    if (found == maps.end()) throw KernelError("load filter", ENOENT, reference.map);
    PatchMap(instructions, reference.instruction, found->map.fd());
  }
  bpf_attr attr{};
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insns = Pointer(instructions.data());
  attr.insn_cnt = static_cast<uint32_t>(instructions.size());
  attr.license = Pointer("Dual MIT/GPL");
  CopyName(name, attr.prog_name);
  UniqueFd program(static_cast<int>(Call(BPF_PROG_LOAD, attr)));
  if (program) return program;
  const int error = errno;
  // Once more for the reasons: a log costs, and mostly nobody needs it.
  std::string log(kLogBytes, '\0');
  attr.log_level = 1;
  attr.log_buf = Pointer(log.data());
  attr.log_size = static_cast<uint32_t>(log.size());
  program = UniqueFd(static_cast<int>(Call(BPF_PROG_LOAD, attr)));
  if (program) return program;
  throw KernelError("load filter", error, Tail(log));
}

uint32_t TestRun(int program, Bytes packet) {
  // The kernel strips an Ethernet header from what a socket filter is shown.
  std::vector<uint8_t> frame(ETH_HLEN + packet.size());
  std::copy(packet.begin(), packet.end(), frame.begin() + ETH_HLEN);
  bpf_attr attr{};
  attr.test.prog_fd = static_cast<uint32_t>(program);
  attr.test.data_in = Pointer(frame.data());
  attr.test.data_size_in = static_cast<uint32_t>(frame.size());
  attr.test.repeat = 1;
  if (Call(BPF_PROG_TEST_RUN, attr) != 0) throw KernelError("test-run filter", errno);
  return attr.test.retval;
}

}  // namespace director::bpf
