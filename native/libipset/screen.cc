// SPDX-License-Identifier: GPL-2.0-only
#include "screen.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace director::libipset {
namespace {

// Where libipset parts a word: at the first separator, unless the word begins or ends with one.
size_t Separator(std::string_view word, char separator) {
  if (word.empty() || word.front() == separator || word.back() == separator) return word.npos;
  return word.find(separator);
}

// A whole number as libipset reads it, which is as C does.
std::optional<unsigned long long> Number(const std::string& word, unsigned long long max) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long number = std::strtoull(word.c_str(), &end, 0);
  if (end == word.c_str() || *end != '\0' || errno == ERANGE || number > max) return std::nullopt;
  return number;
}

// "[first]-[second]" without its brackets; the second is empty where there is none. Nothing: not of this
// form.
std::optional<std::pair<std::string, std::string>> Range(const std::string& word) {
  const auto bare = [](const std::string& side) -> std::optional<std::string> {
    if (!side.starts_with('[')) return side;
    if (side.size() < 2 || !side.ends_with(']')) return std::nullopt;
    return side.substr(1, side.size() - 2);
  };
  size_t dash = Separator(word, '-');
  if (word.starts_with('[')) {
    const size_t close = word.find(']');
    if (close == word.npos) return std::nullopt;
    dash = close + 1 == word.size() ? word.npos : close + 1;
    if (dash != word.npos && word[dash] != '-') return std::nullopt;
  }
  const auto first = bare(word.substr(0, dash));
  const auto second = dash == word.npos ? std::string() : bare(word.substr(dash + 1));
  if (!first || !second || (dash != word.npos && second->empty())) return std::nullopt;
  return {{*first, *second}};
}

// What the resolver answers, with yes or no, without asking anybody: dotted numbers, and whatever has the
// characters of an IPv6 address.
bool IsNumericAddress(const std::string& word) {
  if (word.empty() || word.front() == '.' || word.back() == '.') return false;
  if (word.find_first_not_of("0123456789.") == word.npos) return true;
  return word.find(':') != word.npos && word.find_first_not_of("0123456789abcdefABCDEF:.") == word.npos;
}

bool IsNumericAddressRange(const std::string& word) {
  if (const size_t slash = Separator(word, '/'); slash != word.npos) {
    const auto head = Range(word.substr(0, slash));
    return head && head->second.empty() && IsNumericAddress(head->first);
  }
  const auto range = Range(word);
  return range && IsNumericAddress(range->first) &&
         (range->second.empty() || IsNumericAddress(range->second));
}

// The name under which /etc/services lists a protocol that has ports.
const char* ServiceProtocol(uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_SCTP:
      return "sctp";
    case IPPROTO_UDPLITE:
      return "udplite";
    default:
      return nullptr;
  }
}

std::optional<enum ipset_adt> KindOf(enum ipset_cmd command) {
  switch (command) {
    case IPSET_CMD_ADD:
      return IPSET_ADD;
    case IPSET_CMD_DEL:
      return IPSET_DEL;
    case IPSET_CMD_TEST:
      return IPSET_TEST;
    case IPSET_CMD_CREATE:
      return IPSET_CREATE;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Refusal> Screen::Check(Words& words, const Command& command) {
  if (auto refusal = CheckOptions(words, command)) return refusal;
  const auto kind = KindOf(command.id);
  // libipset itself says what is missing.
  if (!kind || command.rest.size() < 3) return std::nullopt;
  if (*kind != IPSET_CREATE) return CheckEntry(words, command);

  const std::string& name = words[command.rest[2]];
  for (const struct ipset_type* type = ipset_types(); type != nullptr; type = type->next) {
    if (!ipset_match_typename(name.c_str(), type)) continue;
    if (auto refusal = CheckArguments(words, command, *type, IPSET_CREATE)) return refusal;
  }
  return std::nullopt;
}

std::optional<Refusal> Screen::CheckOptions(const Words& words, const Command& command) const {
  for (const FoundOption& found : command.options) {
    if (found.option == &kResolveOption && !permissions_.host_names) {
      return Refusal{kResolveOption.name[1], "no -resolve, which looks names up"};
    }
    if (found.option == &kFileOption && !permissions_.files) {
      return Refusal{words[found.argument], "no -file, which opens files, in this place"};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> Screen::CheckEntry(Words& words, const Command& command) {
  std::string& entry = words[command.rest[2]];
  const struct ipset_type* type = session_.TypeOf(words[command.rest[1]]);
  if (type == nullptr) {
    // libipset will refuse the set. Should it exist by then, no type takes this for an entry or a name.
    entry = std::string(1, '[');
    return std::nullopt;
  }
  std::string rest = entry, checked;
  for (int i = 0; i < type->dimension; ++i) {
    const size_t comma = i + 1 < type->dimension || type->dimension == 1 ? Separator(rest, ',') : rest.npos;
    std::string part = rest.substr(0, comma);
    if (auto refusal = CheckPart(part, type->elem[i].opt)) return refusal;
    checked += part;
    rest = comma == rest.npos ? std::string() : rest.substr(comma);
    if (rest.empty()) break;
    if (i + 1 < type->dimension) {
      checked += ',';
      rest.erase(0, 1);
    }
  }
  entry = checked + rest;
  return CheckArguments(words, command, *type, *KindOf(command.id));
}

// The arguments after the entry, or after the type's name: keywords, most of them with a value.
std::optional<Refusal> Screen::CheckArguments(Words& words, const Command& command,
                                              const struct ipset_type& type, enum ipset_adt kind) {
  const auto keyword = [&](const std::string& word) -> const struct ipset_arg* {
    for (const enum ipset_keywords id : type.cmd[kind].args) {
      if (id == IPSET_ARG_NONE) break;
      const struct ipset_arg* argument = ipset_keyword(id);
      if (ipset_match_option(word.c_str(), argument->name)) return argument;
    }
    return nullptr;
  };
  for (size_t i = 3; i < command.rest.size(); ++i) {
    const struct ipset_arg* argument = keyword(words[command.rest[i]]);
    if (argument == nullptr) break;
    if (argument->has_arg == IPSET_NO_ARG || ++i == command.rest.size()) continue;
    if (auto refusal = CheckPart(words[command.rest[i]], argument->opt)) return refusal;
  }
  return std::nullopt;
}

std::optional<Refusal> Screen::CheckPart(std::string& part, enum ipset_opt meaning) {
  switch (meaning) {
    case IPSET_OPT_IP:
    case IPSET_OPT_IP_TO:
    case IPSET_OPT_IP2:
    case IPSET_OPT_IP2_TO:
    case IPSET_OPT_BITMASK:
      if (permissions_.host_names || IsNumericAddressRange(part)) return std::nullopt;
      return Refusal{part, "a numeric address, range or network (host names are not looked up)"};
    case IPSET_OPT_PORT:
    case IPSET_OPT_PORT_TO:
      return CheckPort(part);
    default:
      return std::nullopt;
  }
}

// [PROTOCOL:]PORT[-PORT], and for ICMP the types that libipset knows by heart.
std::optional<Refusal> Screen::CheckPort(std::string& part) {
  const size_t colon = Separator(part, ':');
  std::string ports = part.substr(colon == part.npos ? 0 : colon + 1);
  const std::string name = colon == part.npos ? "tcp" : part.substr(0, colon);
  const auto number = Number(name, UINT8_MAX);
  const auto protocol = number ? static_cast<uint8_t>(*number) : WellKnownProtocol(name);
  if (!protocol) {
    return Refusal{name, "a protocol's number, or icmp, icmpv6, tcp, udp, udplite or sctp"};
  }
  if (ServiceProtocol(*protocol) != nullptr && !PortNumbers(ports, *protocol)) {
    return Refusal{part, permissions_.service_names
                             ? "a port from 0 to 65535, a range, or a name in /etc/services"
                             : "a port from 0 to 65535 or a range (service names are not looked up)"};
  }
  part = colon == part.npos ? ports : std::to_string(*protocol) + ':' + ports;
  return std::nullopt;
}

bool Screen::PortNumbers(std::string& ports, uint8_t protocol) {
  auto range = Range(ports);
  if (!range) return false;
  const auto resolve = [&](std::string& port) {
    if (Number(port, UINT16_MAX)) return true;
    if (!permissions_.service_names) return false;
    const auto found = services_.Port(port, ServiceProtocol(protocol));
    if (found) port = std::to_string(*found);
    return found.has_value();
  };
  if (!resolve(range->first) || (!range->second.empty() && !resolve(range->second))) return false;
  ports = range->second.empty() ? range->first : range->first + '-' + range->second;
  return true;
}

}  // namespace director::libipset
