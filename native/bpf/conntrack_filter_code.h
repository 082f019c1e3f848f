#pragma once

#include "bpf/object.h"

// conntrack_filter.bpf.c, compiled.
namespace director::bpf {
#include "bpf/conntrack_filter.bpf.inc"
}  // namespace director::bpf
