#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "program/run.h"
#include "program/start.h"
#include "skip.h"
#include "util/error.h"

using namespace director;
using program::Command;
using program::Program;
using program::Run;
using program::Start;
using program::Stop;
using program::TakeExitCode;

namespace {

const std::vector<std::string> kEnvironment = {"PATH=/bin:/usr/bin", "COLOUR=blue"};

Command Shell(const std::string& script) {
  return {{"sh", "-c", script}, kEnvironment};
}

Program Started(const std::string& script, const netlink::Namespace& where = {}) {
  auto started = Start(where, Shell(script));
  REQUIRE(started);
  return std::move(*started);
}

std::string ReadAll(const UniqueFd& fd) {
  std::string text;
  char piece[4096];
  for (ssize_t length; (length = ::read(fd.get(), piece, sizeof piece)) > 0;) text.append(piece, length);
  return text;
}

int ExitCode(pid_t id) {
  for (;;) {
    if (const auto code = TakeExitCode(id)) return *code;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

TEST_CASE("a program reads its input, writes both outputs and has an exit code") {
  Program program = Started("cat; echo no >&2; exit 9");
  REQUIRE(::write(program.input.get(), "yes", 3) == 3);
  program.input.Reset();
  CHECK(ReadAll(program.output) == "yes");
  CHECK(ReadAll(program.errors) == "no\n");
  CHECK(ExitCode(program.id) == 9);
}

TEST_CASE("a program gets the environment that it is given, and nothing else") {
  const Program program = Started("env");
  const std::string environment = "\n" + ReadAll(program.output);
  CHECK(environment.find("\nCOLOUR=blue\n") != std::string::npos);
  CHECK(environment.find("\nHOME=") == std::string::npos);
  CHECK(ExitCode(program.id) == 0);
}

TEST_CASE("a program that has not ended has no exit code, and one has it once") {
  Program program = Started("cat");
  CHECK(!TakeExitCode(program.id));
  program.input.Reset();
  CHECK(ExitCode(program.id) == 0);
  CHECK_THROWS_AS(TakeExitCode(program.id), KernelError);
}

TEST_CASE("a program has no end of the streams of another") {
  const Program first = Started("cat");
  // The shell's list has one that readlink no longer finds.
  const Program second = Started("readlink /proc/self/fd/*; exit 0");
  const std::string held = ReadAll(second.output);
  CHECK(held.find("pipe:[") != std::string::npos);
  for (const UniqueFd* stream : {&first.input, &first.output, &first.errors, &second.input}) {
    char name[64] = {};
    REQUIRE(::readlink(("/proc/self/fd/" + std::to_string(stream->get())).c_str(), name, sizeof name - 1) >
            0);
    // Its own input has the same name on both sides.
    CHECK((held.find(name) != std::string::npos) == (stream == &second.input));
  }
  CHECK(ExitCode(second.id) == 0);
}

TEST_CASE("a program that is nowhere in PATH is none; without a PATH the system's folders are searched") {
  CHECK(!Start({}, {{"sh"}, {"PATH=/nowhere"}}));
  CHECK(!Start({}, {{"/nowhere/sh"}, {}}));
  auto found = Start({}, {{"true"}, {}});
  REQUIRE(found);
  CHECK(ExitCode(found->id) == 0);
}

TEST_CASE("a program runs in the namespace that it is started in, and the caller stays in its own") {
  netlink::Namespace fresh;
  try {
    fresh = netlink::Namespace::MakeFresh();
  } catch (const KernelError& error) {
    if (error.number() != EPERM) throw;
    test::skip_reason = "needs CAP_SYS_ADMIN to make a network namespace";
    return;
  }
  const auto here = [](const netlink::Namespace& where) {
    const Program program = Started("readlink /proc/self/ns/net", where);
    const std::string name = ReadAll(program.output);
    CHECK(ExitCode(program.id) == 0);
    return name;
  };
  const std::string own = here({});
  CHECK(here(fresh) != own);
  CHECK(here({}) == own);
}

TEST_CASE("a run gives its input and has both outputs, whichever side is slower") {
  const std::string input(1 << 20, 'x');
  const auto result = Run({}, Shell("tee /dev/stderr; sleep 0.05; exit 4"), input, Stop());
  REQUIRE(result);
  CHECK(result->exit_code == 4);
  CHECK((result->output == input));
  CHECK((result->errors == input));
}

TEST_CASE("a run of what does not read, or does not exist, ends as well") {
  std::signal(SIGPIPE, SIG_IGN);
  const auto deaf = Run({}, Shell("exec <&-; sleep 0.05; echo done"), std::string(1 << 20, 'x'), Stop());
  REQUIRE(deaf);
  CHECK(deaf->output == "done\n");
  CHECK(!Run({}, {{"nobody has this"}, kEnvironment}, "", Stop()));
}

TEST_CASE("a run that is stopped ends at once, whatever the program is at") {
  for (const char* script : {"sleep 3", "exec >&- 2>&-; sleep 3"}) {
    const Stop stop;
    const auto began = std::chrono::steady_clock::now();
    std::thread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      stop.Now();
    });
    int number = 0;
    try {
      Run({}, Shell(script), "", stop);
    } catch (const KernelError& error) {
      number = error.number();
    }
    stopper.join();
    CHECK(number == ECANCELED);
    CHECK((std::chrono::steady_clock::now() - began < std::chrono::seconds(2)));
  }
}

TEST_CASE("a stopped program has lost its streams, and goes on") {
  const Stop stop;
  stop.Now();
  char file[] = "/tmp/program-test-XXXXXX";
  const UniqueFd created(::mkstemp(file));
  REQUIRE(created);
  CHECK_THROWS_AS(Run({}, Shell("cat; echo went on >" + std::string(file)), "", stop), KernelError);
  char text[16] = {};
  for (int i = 0; i < 2000 && ::pread(created.get(), text, sizeof text - 1, 0) <= 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ::unlink(file);
  CHECK(std::string(text) == "went on\n");
}
