#pragma once

#include "conntrack/flow_filter.h"

namespace director::conntrack {

// Tries in a fresh network namespace which conditions of a DELETE the running kernel honours. An older kernel
// takes one that it does not know for none, and empties the table: asking it in earnest is no way to find
// out. Nothing at all where the process may not make a namespace.
KernelConditions ProbeDeletes();

}  // namespace director::conntrack
