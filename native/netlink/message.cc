#include "netlink/message.h"

namespace director::netlink {

std::string_view Attribute::Text() const {
  const char* text = reinterpret_cast<const char*>(payload.data());
  return {text, payload.empty() ? 0 : strnlen(text, payload.size())};
}

}  // namespace director::netlink
