// SPDX-License-Identifier: GPL-2.0-only
#include "run.h"

#include <cstdio>
#include <system_error>

#include "hazard.h"
#include "line_file.h"
#include "line_source.h"
#include "network_namespace.h"
#include "process_turn.h"
#include "session.h"

namespace director::libipset {
namespace {

// "Error in line 12: …" → 12.
uint32_t LineOf(const std::string& message) {
  unsigned line = 0;
  return std::sscanf(message.c_str(), "Error in line %u: ", &line) == 1 ? line : 0;
}

std::string Trimmed(std::string message) {
  while (message.ends_with('\n')) message.pop_back();
  return message;
}

class Run {
 public:
  Run(const Request& request, Channel& channel)
      : request_(request),
        channel_(channel),
        turn_(channel.cancelled()),
        source_([this] { return NextChunk(); }) {}

  Result Perform();

 private:
  void Open();
  void Command(Words words, const struct Command& command);
  void Restore();
  void RestoreLikeTheTool(Words words, const struct Command& command);
  void Interact(const Words& words, const struct Command& command);
  bool InteractLine(const std::string& line);
  void Apply(const Words& words, const struct Command& command);
  Outcome Stream();

  std::optional<std::string> NextChunk();
  std::optional<std::string> NextLine();
  std::optional<std::string> Prepared(const std::string& line, bool numbered);
  std::optional<Refusal> Objection(Words& words, const struct Command& command, bool numbered);
  void Refuse(const std::string& text, Refusal refusal);
  void Take(const Outcome& outcome, const Words& words = {});
  Failure FailureOf(const Outcome& outcome, const Words& words);
  void Print(const std::string& text) { channel_.Write(Event::Kind::kOutput, text); }

  const Request& request_;
  Channel& channel_;
  Turn turn_;
  LineSource source_;
  std::optional<Session> session_;
  std::optional<Screen> screen_;
  std::string input_file_;
  Result result_;
};

Result Run::Perform() {
  EnterNamespace(request_.network_namespace);
  if (turn_.Take()) {
    channel_.Started();
    Open();
    if (request_.mode == Request::Mode::kRestore) {
      Restore();
    } else {
      Command(request_.words, ParseCommand(request_.words));
    }
    result_.warnings = session_->warnings();
    session_.reset();
    turn_.Give();
  }
  result_.cancelled = channel_.cancelled();
  result_.lines = source_.number();
  return std::move(result_);
}

void Run::Open() {
  const auto sink = [this](Event::Kind kind) {
    return [this, kind](std::string_view text) { return channel_.Write(kind, text); };
  };
  session_.emplace(Session::Options{.output = sink(Event::Kind::kOutput),
                                    .diagnostics = sink(Event::Kind::kDiagnostic),
                                    .keeps_warnings = request_.mode == Request::Mode::kRestore});
  if (request_.ignores_presence) session_->SetFlags(IPSET_ENV_EXIST);
  screen_.reset();
  if (request_.screen) screen_.emplace(*session_, *request_.screen);
}

// What the ipset tool does with its arguments. What it would take from its input, or print, goes by the
// channel.
void Run::Command(Words words, const struct Command& command) {
  if (auto refusal = Objection(words, command, false)) return Refuse(JoinWords(words), std::move(*refusal));
  if (command.id == IPSET_CMD_RESTORE) return RestoreLikeTheTool(std::move(words), command);
  if (command.id == IPSET_CMD_NONE && !command.rest.empty() && words[command.rest[0]] == "-") {
    return Interact(words, command);
  }
  Take(session_->Command(words), words);
}

void Run::Restore() {
  Take(Stream());
  // A line that libipset itself refused has left those gathered before it unsent.
  if (!channel_.cancelled()) Take(session_->Commit());
}

// Restoring an empty file makes libipset judge the options; then they are set in a session that can be fed.
void Run::RestoreLikeTheTool(Words words, const struct Command& command) {
  const Words original = words;
  for (const FoundOption& option : command.options) {
    if (option.option != &kFileOption || option.argument == 0) continue;
    input_file_ = words[option.argument];
    words[option.argument] = "/dev/null";
  }
  if (!command.Has(kFileOption)) words.insert(words.begin(), {kFileOption.name[1], "/dev/null"});
  const Outcome verdict = session_->Command(words);
  if (verdict.left || verdict.exit_code != 0) return Take(verdict, original);
  Open();
  Apply(original, command);
  Take(Stream());
  // The tool says nothing either, but for its exit code.
  if (channel_.unreadable()) result_.exit_code = -1;
}

void Run::Interact(const Words& words, const struct Command& command) {
  Apply(words, command);
  Print("ipset> ");
  while (const auto line = source_.Next()) {
    if (!InteractLine(*line)) return;
    Print("ipset> ");
  }
}

// False: the line ends the conversation.
bool Run::InteractLine(const std::string& text) {
  if (IsIdle(text)) return Print("ipset> "), true;
  const auto line = Prepared(text, false);
  // A conversation goes on after any error, and ends well.
  if (!line) return result_.failure.reset(), result_.exit_code = 0, true;
  const Words words = SplitWords(*line).words;
  switch (words.empty() ? IPSET_CMD_LIST : ParseCommand(words).id) {
    case IPSET_CMD_NONE:
      return Print("No command specified\n"), true;
    case IPSET_CMD_RESTORE:
      return Print("Restore command is not supported in interactive mode\n"), true;
    case IPSET_CMD_VERSION:
      return Print("ipset v" LIBIPSET_VERSION ", protocol version: " + std::to_string(IPSET_PROTOCOL) + "\n"),
             true;
    case IPSET_CMD_HELP:
      return Print("Help is printed by `ipset help'\n"), true;
    case IPSET_CMD_QUIT:
      return false;
    default:
      session_->Line(*line);
      session_->Recover();
      return true;
  }
}

void Run::Apply(const Words& words, const struct Command& command) {
  for (const FoundOption& option : command.options) {
    if (option.option->flag != 0) session_->SetFlags(option.option->flag);
    if (option.option == &kOutputOption) session_->SetOutputMode(words[option.argument]);
  }
}

Outcome Run::Stream() {
  const LineFile lines([this] { return NextLine(); });
  return session_->Stream(lines.get());
}

std::optional<std::string> Run::NextChunk() {
  // Others may use libipset while we wait, and make it forget the sets it knows.
  turn_.Give();
  auto chunk = channel_.Read(input_file_);
  turn_.Retake();
  Session::ForgetSets();
  return chunk;
}

// Called by libipset, through LineFile, when it wants the next line. Nothing ends the input: what was
// gathered is sent then.
std::optional<std::string> Run::NextLine() {
  if (channel_.cancelled()) return std::nullopt;
  const auto line = source_.Next();
  if (!line) return std::nullopt;
  // Lines that say nothing are counted all the same.
  return IsIdle(*line) ? std::string() : Prepared(*line, true);
}

// The line as libipset is to have it; nothing when it was refused.
std::optional<std::string> Run::Prepared(const std::string& line, bool numbered) {
  auto [words, open] = SplitWords(line);
  if (open && screen_) return Refuse(line, {"\"", "a closing quote"}), std::nullopt;
  if (auto refusal = Objection(words, ParseCommand(words), numbered)) {
    return Refuse(line, std::move(*refusal)), std::nullopt;
  }
  const std::string prepared = screen_ ? JoinWords(words) : line;
  if (prepared.size() > LineFile::kMaxLine) {
    return Refuse(line, {"line", "at most " + std::to_string(LineFile::kMaxLine) + " bytes"}), std::nullopt;
  }
  if (prepared.find('\0') != prepared.npos) return Refuse(line, {"line", "no NUL byte"}), std::nullopt;
  return prepared;
}

// Rewrites the words where names in them become numbers.
std::optional<Refusal> Run::Objection(Words& words, const struct Command& command, bool numbered) {
  if (screen_) {
    if (auto refusal = screen_->Check(words, command)) return refusal;
  }
  return FindHazard(*session_, words, command, numbered);
}

void Run::Refuse(const std::string& text, Refusal refusal) {
  const std::string message = "'" + refusal.word + "': expected " + refusal.allowed;
  result_.exit_code = IPSET_PARAMETER_PROBLEM;
  Failure& failure = result_.failure.emplace();
  failure.kind = Failure::Kind::kRefused;
  failure.message = message;
  failure.line = source_.number();
  failure.text = text;
  failure.word = std::move(refusal.word);
  failure.allowed = std::move(refusal.allowed);
  const std::string where =
      source_.number() == 0 ? "" : "Error in line " + std::to_string(source_.number()) + ": ";
  channel_.Write(Event::Kind::kDiagnostic, "ipset v" LIBIPSET_VERSION ": " + where + message + "\n");
}

// An error that comes later is of an earlier line: one that had been gathered and not yet sent.
void Run::Take(const Outcome& outcome, const Words& words) {
  if (outcome.kind == IPSET_ERROR || outcome.kind == IPSET_NOTICE) {
    result_.failure = FailureOf(outcome, words);
  } else if (result_.failure) {
    return;
  }
  result_.exit_code = outcome.exit_code;
}

Failure Run::FailureOf(const Outcome& outcome, const Words& words) {
  Failure failure;
  failure.kind = outcome.kind == IPSET_NOTICE ? Failure::Kind::kNotice : Failure::Kind::kIpset;
  failure.message = Trimmed(outcome.message);
  const uint32_t line = LineOf(outcome.message);
  failure.line = line != 0 ? line : source_.number();
  failure.text = failure.line == 0 ? JoinWords(words) : source_.TextOf(failure.line);
  const Words failed = SplitWords(failure.text).words;
  failure.number = session_->NumberOf(ParseCommand(failed).id, outcome.message);
  failure.type = session_->LastType();
  return failure;
}

}  // namespace

Result Execute(const Request& request, Channel& channel) {
  try {
    return Run(request, channel).Perform();
  } catch (const std::system_error& error) {
    Result result;
    result.exit_code = IPSET_OTHER_PROBLEM;
    Failure& failure = result.failure.emplace();
    failure.kind = Failure::Kind::kSystem;
    failure.message = error.what();
    failure.number = error.code().value();
    return result;
  }
}

}  // namespace director::libipset
