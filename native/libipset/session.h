// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <setjmp.h>

#include <cstdarg>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "words.h"

extern "C" {
#include <libipset/ipset.h>
#include <libipset/types.h>
}

namespace director::libipset {

// How a call into libipset ended.
struct Outcome {
  // What the ipset tool would exit with.
  int exit_code = 0;
  // The tool would have ended here, successfully or not.
  bool left = false;
  enum ipset_err_type kind = IPSET_NO_ERROR;
  // libipset's own words, with "Error in line N: " before them where it counts lines.
  std::string message;
};

// Where the text goes. False: nobody reads on, and the call is left.
using Sink = std::function<bool(std::string_view)>;

// One libipset session, for one thread that has its Turn. Everything libipset does beyond talking to the
// kernel ends in the callbacks of this class: it neither prints nor exits. Where the tool would exit, the
// callback leaves the call by longjmp, over C frames that hold nothing at those places. A session that was
// left in the middle of a command still holds the additions gathered before; Commit() sends them.
class Session {
 public:
  struct Options {
    Sink output;
    Sink diagnostics;
    // A warning ends the ipset tool. Here it is kept, and the next line follows.
    bool keeps_warnings = false;
  };

  explicit Session(Options options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // `words` without the program's name.
  Outcome Command(const Words& words);
  Outcome Line(std::string line);
  Outcome Stream(FILE* lines);
  Outcome Commit();

  // The options of a command line without its command. They stay in force.
  void SetFlags(int environment_flags);
  void SetOutputMode(const std::string& mode);
  // Clears away what a line that failed has left.
  void Recover();

  struct Set {
    const struct ipset_type* type;
    uint8_t family;  // NFPROTO_…
  };
  // What is known of a set, from the cache or the kernel; nothing where that cannot be told.
  std::optional<Set> Find(const std::string& name);
  // Forgets what is known of the sets: others may have used libipset meanwhile.
  static void ForgetSets();

  // The type of the set that the last command was about; empty where there is none.
  std::string LastType() const;

  // The kernel's error number behind a message of `command`; 0 where no error number has these words.
  int NumberOf(enum ipset_cmd command, const std::string& message);

  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  static int OnCustomError(struct ipset* handle, void* self, int status, const char* format, ...)
      __attribute__((format(printf, 4, 5)));
  static int OnStandardError(struct ipset* handle, void* self);
  static int OnOutput(struct ipset_session* session, void* self, const char* format, ...)
      __attribute__((format(printf, 3, 4)));

  template <class Call>
  Outcome Guard(Call call);
  [[noreturn]] void Leave() { longjmp(exit_, 1); }

  void KeepCustomError(int status, const char* format, va_list args) noexcept;
  // True: the tool would go on, or we do.
  bool KeepStandardError() noexcept;
  bool Print(FILE* file, const char* format, va_list args) noexcept;
  void Diagnose(const std::string& text) noexcept;
  bool quiet() const;

  Options options_;
  struct ipset* handle_;
  struct ipset_session* session_;
  Outcome outcome_;
  std::vector<std::string> warnings_;
  Words words_;  // libipset keeps a pointer to the name after "-file"
  jmp_buf exit_;
};

}  // namespace director::libipset
