// SPDX-License-Identifier: GPL-2.0-only
#include "places.h"

#include <algorithm>
#include <optional>

#include "numeric.h"

extern "C" {
#include <libipset/parse.h>
}

namespace director::libipset {
namespace {

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

// The parts of an entry. Types of one part have an old form "address,timeout", of which the address is the
// part.
void AddParts(const struct ipset_type& type, const Words& words, size_t word, std::vector<Place>& places) {
  const std::string_view entry = words[word];
  size_t begin = 0;
  for (int i = 0; i < type.dimension; ++i) {
    const bool last = i + 1 == type.dimension && i > 0;
    const size_t comma = last ? entry.npos : Separator(entry.substr(begin), ',');
    const size_t size = comma == entry.npos ? entry.size() - begin : comma;
    places.push_back({word, begin, size, type.elem[i].opt, type.elem[i].parse});
    if (comma == entry.npos) break;
    begin += size + 1;
  }
}

const struct ipset_arg* Keyword(const struct ipset_optarg& known, const std::string& word) {
  for (const enum ipset_keywords id : known.args) {
    if (id == IPSET_ARG_NONE) break;
    const struct ipset_arg* argument = ipset_keyword(id);
    if (ipset_match_option(word.c_str(), argument->name)) return argument;
  }
  return nullptr;
}

// The arguments after the entry, or after the type's name: keywords, most of them with a value.
void AddArguments(const struct ipset_optarg& known, const Words& words, const Command& command,
                  std::vector<Place>& places) {
  for (size_t i = 3; i < command.rest.size(); ++i) {
    const struct ipset_arg* argument = Keyword(known, words[command.rest[i]]);
    if (argument == nullptr) break;
    if (argument->has_arg == IPSET_NO_ARG || ++i == command.rest.size()) continue;
    const size_t word = command.rest[i];
    // The revisions of a type share most of their arguments.
    const auto is_there = [&](const Place& place) { return place.word == word; };
    if (std::any_of(places.begin(), places.end(), is_there)) continue;
    places.push_back({word, 0, words[word].size(), argument->opt, argument->parse});
  }
}

}  // namespace

bool Place::may_name_protocol() const {
  return parse == ipset_parse_proto_port || parse == ipset_parse_tcp_udp_port;
}

bool Place::may_be_range() const {
  return parse != ipset_parse_single_tcp_port;
}

Places PlacesOf(Session& session, const Words& words, const Command& command) {
  Places places;
  const auto kind = KindOf(command.id);
  // Where a word is missing, libipset itself says so.
  if (!kind || command.rest.size() < 3) return places;
  if (*kind == IPSET_CREATE) {
    const std::string& name = words[command.rest[2]];
    for (const struct ipset_type* type = ipset_types(); type != nullptr; type = type->next) {
      if (!ipset_match_typename(name.c_str(), type)) continue;
      AddArguments(type->cmd[IPSET_CREATE], words, command, places.list);
    }
    return places;
  }
  const auto set = session.Find(words[command.rest[1]]);
  places.known = set.has_value();
  if (!set) return places;
  places.family = set->family;
  AddParts(*set->type, words, command.rest[2], places.list);
  AddArguments(set->type->cmd[*kind], words, command, places.list);
  return places;
}

}  // namespace director::libipset
