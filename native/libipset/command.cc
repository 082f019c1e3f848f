// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace director::libipset {

const Option kOutputOption = {{"-o", "-output"}, 0, true};
const Option kResolveOption = {{"-r", "-resolve"}, IPSET_ENV_RESOLVE, false};
const Option kFileOption = {{"-f", "-file"}, 0, true};

namespace {

constexpr Option kSorted = {{"-s", "-sorted"}, IPSET_ENV_SORTED, false};
constexpr Option kQuiet = {{"-q", "-quiet"}, IPSET_ENV_QUIET, false};
constexpr Option kExist = {{"-!", "-exist"}, IPSET_ENV_EXIST, false};
constexpr Option kNames = {{"-n", "-name"}, IPSET_ENV_LIST_SETNAME, false};
constexpr Option kTerse = {{"-t", "-terse"}, IPSET_ENV_LIST_HEADER, false};

// In the order in which libipset takes them out of the line.
constexpr std::array<const Option*, 8> kOptions = {&kOutputOption, &kSorted, &kQuiet, &kResolveOption,
                                                   &kExist,        &kNames,  &kTerse, &kFileOption};

struct Name {
  enum ipset_cmd id;
  const char* names[IPSET_CMD_ALIASES];
};

// In libipset's order: a prefix means the first command that it fits.
constexpr Name kCommands[] = {
    {IPSET_CMD_CREATE, {"create", "new", "-N"}},  {IPSET_CMD_ADD, {"add", "-A", nullptr}},
    {IPSET_CMD_DEL, {"del", "-D", nullptr}},      {IPSET_CMD_TEST, {"test", "-T", nullptr}},
    {IPSET_CMD_DESTROY, {"destroy", "x", "-X"}},  {IPSET_CMD_LIST, {"list", "-L", nullptr}},
    {IPSET_CMD_SAVE, {"save", "-S", nullptr}},    {IPSET_CMD_RESTORE, {"restore", "-R", nullptr}},
    {IPSET_CMD_FLUSH, {"flush", "-F", nullptr}},  {IPSET_CMD_RENAME, {"rename", "e", "-E"}},
    {IPSET_CMD_SWAP, {"swap", "w", "-W"}},        {IPSET_CMD_HELP, {"help", "-h", "-H"}},
    {IPSET_CMD_VERSION, {"version", "-v", "-V"}}, {IPSET_CMD_QUIT, {"quit", nullptr, nullptr}},
};

enum ipset_cmd CommandOf(const std::string& word) {
  const auto found = std::find_if(std::begin(kCommands), std::end(kCommands), [&](const Name& command) {
    return ipset_match_cmd(word.c_str(), command.names);
  });
  return found == std::end(kCommands) ? IPSET_CMD_NONE : found->id;
}

void TakeOut(const Option& option, const Words& words, Command& command) {
  std::vector<size_t>& rest = command.rest;
  for (size_t i = 0; i < rest.size();) {
    if (!ipset_match_envopt(words[rest[i]].c_str(), option.name)) {
      ++i;
      continue;
    }
    rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
    size_t argument = 0;
    if (option.has_argument && i < rest.size()) {
      argument = rest[i];
      rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
    }
    command.options.push_back({&option, argument});
  }
}

}  // namespace

bool Command::Has(const Option& option) const {
  return std::any_of(options.begin(), options.end(),
                     [&](const FoundOption& found) { return found.option == &option; });
}

Command ParseCommand(const Words& words) {
  Command command;
  command.rest.resize(words.size());
  std::iota(command.rest.begin(), command.rest.end(), size_t{0});
  const auto is_dashed = [](const std::string& word) { return word.starts_with('-'); };
  if (std::any_of(words.begin(), words.end(), is_dashed)) {
    for (const Option* option : kOptions) TakeOut(*option, words, command);
  }
  if (!command.rest.empty()) command.id = CommandOf(words[command.rest[0]]);
  return command;
}

}  // namespace director::libipset
