// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <array>
#include <new>
#include <stdexcept>

extern "C" {
#include <libipset/errcode.h>
#include <libipset/parse.h>
}

namespace director::libipset {
namespace {

constexpr size_t kMaxWarnings = 100;
// Longer than libipset's own buffer for a report.
constexpr size_t kMaxMessage = 2 * IPSET_ERRORBUFLEN;

std::string Format(const char* format, va_list args) {
  va_list again;
  va_copy(again, args);
  const int size = std::vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (size < 0) return {};
  std::string text(static_cast<size_t>(size), '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, args);
  return text;
}

}  // namespace

Session::Session(Options options) : options_(std::move(options)) {
  ipset_load_types();
  handle_ = ipset_init();
  if (handle_ == nullptr) throw std::bad_alloc();
  session_ = ipset_session(handle_);
  ipset_custom_printf(handle_, OnCustomError, OnStandardError, OnOutput, this);
  // libipset checks the protocol before its first request and drops any warning then, also those about the
  // first command's words where it already knows the set's type from an earlier session.
  ipset_cmd(session_, IPSET_CMD_NONE, 0);
  ipset_session_report_reset(session_);
}

Session::~Session() {
  ipset_fini(handle_);
}

// No frame between here and the callbacks has anything to destroy: `call` is a lambda of references and
// values.
template <class Call>
Outcome Session::Guard(Call call) {
  static_assert(std::is_trivially_destructible_v<Call>);
  outcome_ = {};
  if (setjmp(exit_) == 0) {
    outcome_.exit_code = call();
  } else {
    outcome_.left = true;
  }
  return outcome_;
}

Outcome Session::Command(const Words& words) {
  // libipset takes up to 32 words but reads beyond its copy of the last one; from 33 it says that they are
  // too many.
  constexpr size_t kMaxWords = 30;
  words_ = words;
  if (words_.size() > kMaxWords) words_.resize(kMaxWords + 2);
  words_.insert(words_.begin(), "ipset");
  std::vector<char*> argv;
  for (std::string& word : words_) argv.push_back(word.data());
  const int count = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  return Guard([this, count, argv = argv.data()] { return ipset_parse_argv(handle_, count, argv); });
}

Outcome Session::Line(std::string line) {
  line += '\n';
  return Guard([this, text = line.data()] { return ipset_parse_line(handle_, text); });
}

Outcome Session::Stream(FILE* lines) {
  return Guard([=, this] { return ipset_parse_stream(handle_, lines); });
}

Outcome Session::Commit() {
  ipset_session_report_reset(session_);
  return Guard([this] {
    const int result = ipset_commit(session_);
    if (result < 0) OnStandardError(handle_, this);
    return result;
  });
}

void Session::SetFlags(int environment_flags) {
  ipset_envopt_set(session_, static_cast<enum ipset_envopt>(environment_flags));
}

void Session::SetOutputMode(const std::string& mode) {
  ipset_parse_output(handle_, 0, mode.c_str());
  ipset_session_report_reset(session_);
}

void Session::Recover() {
  ipset_session_report_reset(session_);
  ipset_data_reset(ipset_session_data(session_));
}

std::optional<Session::Set> Session::Find(const std::string& name) {
  struct ipset_data* data = ipset_session_data(session_);
  std::optional<Set> set;
  if (ipset_parse_setname(session_, IPSET_SETNAME, name.c_str()) == 0) {
    if (const struct ipset_type* type = ipset_type_get(session_, IPSET_CMD_ADD)) {
      set = {type, ipset_data_family(data)};
    }
    // libipset asks the kernel again for every line that names a set it did not create itself. A revision in
    // the data says that it has just done so.
    if (set && ipset_data_test(data, IPSET_OPT_REVISION))
      ipset_cache_add(name.c_str(), set->type, set->family);
  }
  Recover();
  return set;
}

void Session::ForgetSets() {
  ipset_cache_fini();
}

std::string Session::LastType() const {
  const struct ipset_type* type = ipset_saved_type(session_);
  return type == nullptr ? "" : type->name;
}

// libipset turns the kernel's numbers into words and forgets them. The same table, asked for every number
// there is, says which one it was.
int Session::NumberOf(enum ipset_cmd command, const std::string& message) {
  constexpr std::array<std::pair<int, int>, 3> kRanges = {{{1, 133}, {4097, 4127}, {4352, 4367}}};
  for (const auto& [first, last] : kRanges) {
    for (int number = first; number <= last; ++number) {
      ipset_session_report_reset(session_);
      ipset_errcode(session_, command, number);
      const std::string_view words = ipset_session_report_msg(session_);
      if (message == words && words.find("Undecoded error") == words.npos) return number;
    }
  }
  return 0;
}

int Session::OnCustomError(struct ipset*, void* self, int status, const char* format, ...) {
  auto* session = static_cast<Session*>(self);
  va_list args;
  va_start(args, format);
  session->KeepCustomError(status, format, args);
  va_end(args);
  session->Leave();
}

int Session::OnStandardError(struct ipset*, void* self) {
  auto* session = static_cast<Session*>(self);
  if (session->KeepStandardError()) return -1;
  session->Leave();
}

int Session::OnOutput(struct ipset_session* ipset_session, void* self, const char* format, ...) {
  auto* session = static_cast<Session*>(self);
  va_list args;
  va_start(args, format);
  const bool printed = session->Print(ipset_session_io_stream(ipset_session, IPSET_IO_OUTPUT), format, args);
  va_end(args);
  // Told of a failure, libipset would jump to a buffer that is not always set.
  if (!printed) session->Leave();
  return 0;
}

void Session::KeepCustomError(int status, const char* format, va_list args) noexcept {
  outcome_.exit_code = status > IPSET_VERSION_PROBLEM ? IPSET_OTHER_PROBLEM : status;
  if (status == IPSET_NO_PROBLEM || format == nullptr) return;
  outcome_.kind = IPSET_ERROR;
  outcome_.message = Format(format, args).substr(0, kMaxMessage);
  if (quiet()) return;
  std::string text = "ipset v" LIBIPSET_VERSION ": " + outcome_.message;
  // A report of the session brings its own newline.
  if (status != IPSET_SESSION_PROBLEM) text += '\n';
  if (status == IPSET_PARAMETER_PROBLEM) text += "Try `ipset help' for more information.\n";
  Diagnose(text);
}

bool Session::KeepStandardError() noexcept {
  const std::string message = ipset_session_report_msg(session_);
  outcome_.kind = ipset_session_report_type(session_);
  outcome_.message = message;
  outcome_.exit_code = outcome_.kind <= IPSET_WARNING ? 0 : IPSET_OTHER_PROBLEM;
  if (outcome_.kind == IPSET_WARNING && options_.keeps_warnings) {
    if (warnings_.size() < kMaxWarnings) warnings_.push_back(message);
    ipset_session_report_reset(session_);
    return true;
  }
  if (quiet()) return false;
  switch (outcome_.kind) {
    case IPSET_ERROR:
      Diagnose("ipset v" LIBIPSET_VERSION ": " + message);
      break;
    case IPSET_WARNING:
      Diagnose("Warning: " + message);
      break;
    case IPSET_NOTICE:
      Diagnose(message);
      break;
    case IPSET_NO_ERROR:
      break;
  }
  return false;
}

bool Session::Print(FILE* file, const char* format, va_list args) noexcept {
  // "-file" has made libipset open one.
  if (file != stdout) return std::vfprintf(file, format, args) >= 0;
  return options_.output(Format(format, args));
}

void Session::Diagnose(const std::string& text) noexcept {
  options_.diagnostics(text);
}

bool Session::quiet() const {
  return ipset_envopt_test(session_, IPSET_ENV_QUIET);
}

}  // namespace director::libipset
