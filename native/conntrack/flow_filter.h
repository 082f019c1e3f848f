#pragma once

#include "conntrack/records.h"
#include "netlink/writer.h"

namespace director::conntrack {

// Whether a flow meets every condition.
bool Matches(const FlowFilter& filter, const FlowRow& flow);

// What of a filter a kernel can evaluate itself.
struct KernelConditions {
  bool family = false;
  bool mark = false;
  bool status = false;
  bool zone = false;
  bool tuple = false;

  friend bool operator==(const KernelConditions&, const KernelConditions&) = default;
};

// What a filter needs; `whole` tells whether the kernel has words for all of it (networks it has none for).
struct FilterNeeds {
  KernelConditions conditions;
  bool whole = true;
};
FilterNeeds NeedsOf(const FlowFilter& filter);

// Whether `able` has all that `needed` asks for.
bool Covers(const KernelConditions& able, const KernelConditions& needed);

// The attributes of those conditions that `allowed` names (the family goes into the header). They narrow a
// dump; whatever they leave out has to be checked by Matches().
void PutFlowFilter(netlink::MessageWriter& writer, const FlowFilter& filter, const KernelConditions& allowed);

}  // namespace director::conntrack
