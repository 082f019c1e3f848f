#pragma once

#include "bpf/object.h"
#include "conntrack/filter_rules.h"

namespace director::conntrack {

// The filter as an eBPF program and its maps; see native/bpf/conntrack_filter.bpf.c.
class KernelFilter final : public EventFilter {
 public:
  // Room for `capacity` members and as many prefixes, twice over, since the old and the new are there at once
  // while rules change. Throws KernelError: EPERM where bpf(2) is not permitted.
  explicit KernelFilter(uint32_t capacity);

  void Apply(const FilterRules& rules) override;

  int program() const { return program_.get(); }

 private:
  void WriteConfig();
  void AddMarks(const std::vector<FilterMark>& marks);
  void KeepMarks(const std::vector<FilterMark>& marks);

  bpf::Map config_map_;
  bpf::Map members_;
  bpf::Map prefixes_;
  UniqueFd program_;
  FilterConfig config_{};
  FilterRules rules_;
};

}  // namespace director::conntrack
