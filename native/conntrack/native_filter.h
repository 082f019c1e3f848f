#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_set>

#include "conntrack/filter_rules.h"
#include "netlink/message.h"

namespace director::conntrack {

// Rules ready for looking up; does not change any more. The twin of native/bpf/conntrack_filter.bpf.c.
class CompiledRules {
 public:
  explicit CompiledRules(FilterRules rules);

  // Whether the message in a datagram passes. Whatever is not understood passes: the reader counts it.
  bool Passes(Bytes datagram) const;
  // The same for a message of a dump, which is of no kind.
  bool PassesFlow(const netlink::Message& message) const;
  // FILTER_* bits of the kinds that the consumer is told of.
  uint64_t shown() const { return shown_; }

 private:
  struct Endpoint {
    uint8_t address[16] = {};
    uint16_t port = 0;  // network order
  };
  struct Direction {
    Endpoint source;
    Endpoint destination;
    uint8_t protocol = 0;
    uint16_t zone = 0;  // network order
  };
  struct Event;
  struct HashBytes {
    size_t operator()(const FilterKey& key) const;
    size_t operator()(const FilterPrefix& key) const;
  };
  struct SameBytes {
    bool operator()(const FilterKey& a, const FilterKey& b) const;
    bool operator()(const FilterPrefix& a, const FilterPrefix& b) const;
  };

  static bool ReadEvent(Bytes attributes, Event& event);
  static bool ReadDirection(Bytes nest, Direction& direction);
  static bool ReadAddresses(Bytes nest, Direction& direction);
  static bool ReadProtocol(Bytes nest, Direction& direction);
  static bool ReadZone(const Event& event, const Direction& original, uint16_t& zone);
  bool HasMark(uint32_t mark) const;
  bool HasMember(uint8_t role, uint8_t family, uint8_t protocol, const Endpoint& end) const;
  bool InPrefix(uint8_t role, uint8_t family, const Endpoint& end) const;
  bool IsService(uint8_t family, const Direction& original, const Event& event) const;

  uint64_t flags_;
  uint64_t shown_;
  std::vector<FilterMark> marks_;
  std::unordered_set<FilterKey, HashBytes, SameBytes> members_;
  std::unordered_set<FilterPrefix, HashBytes, SameBytes> prefixes_;
  // The prefix lengths in use, so that only those are tried.
  std::bitset<129> lengths_;
};

// The filter in C++, for where bpf(2) is not permitted: it runs in the reader, behind the socket.
class NativeFilter final : public EventFilter {
 public:
  NativeFilter() : compiled_(std::make_shared<CompiledRules>(FilterRules{})) {}

  void Apply(const FilterRules& rules) override {
    auto compiled = std::make_shared<const CompiledRules>(rules);
    const std::lock_guard lock(mutex_);
    compiled_ = std::move(compiled);
  }

  // The rules of this moment; the reader takes them once a batch.
  std::shared_ptr<const CompiledRules> current() const {
    const std::lock_guard lock(mutex_);
    return compiled_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const CompiledRules> compiled_;
};

}  // namespace director::conntrack
