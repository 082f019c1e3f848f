#pragma once

#include <cstdint>
#include <string_view>

namespace director::ipvs {

// IPVS_GENL_NAME and IPVS_GENL_VERSION of linux/ip_vs.h; the family has no header of its own and no groups.
inline constexpr std::string_view kFamilyName = "IPVS";
inline constexpr uint8_t kVersion = 1;

}  // namespace director::ipvs
