#include "program/start.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

#include "util/error.h"

namespace director::program {
namespace {

struct Pipe {
  static Pipe Open() {
    int ends[2];
    // Not inherited but by dup2(2), also not by what other threads start meanwhile.
    if (::pipe2(ends, O_CLOEXEC) != 0) throw KernelError("pipe", errno);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
  }

  UniqueFd reading;
  UniqueFd writing;
};

// Owns what posix_spawn(3) is told besides the program.
class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&actions_);
    // A program begins with no signal blocked or ignored; Node ignores SIGPIPE.
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  // Node keeps 0 to 2 open, so that no end of a pipe is one of them.
  void Give(const UniqueFd& end, int as) {
    if (const int error = ::posix_spawn_file_actions_adddup2(&actions_, end.get(), as); error != 0) {
      throw KernelError("start program", error);
    }
  }

  const posix_spawnattr_t& attributes() const { return attributes_; }
  const posix_spawn_file_actions_t& actions() const { return actions_; }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  // The interface is older than const; nothing is written there.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string_view SearchPath(const std::vector<std::string>& environment) {
  constexpr std::string_view kName = "PATH=";
  for (const std::string& entry : environment) {
    if (entry.starts_with(kName)) return std::string_view(entry).substr(kName.size());
  }
  return "/bin:/usr/bin";
}

// Where the program may be, in the order of the search.
std::vector<std::string> Candidates(const Command& command) {
  const std::string& name = command.words.front();
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> files;
  std::string_view rest = SearchPath(command.environment);
  for (;;) {
    const size_t end = rest.find(':');
    const std::string folder(rest.substr(0, end));
    files.push_back((folder.empty() ? "." : folder) + "/" + name);
    if (end == std::string_view::npos) return files;
    rest.remove_prefix(end + 1);
  }
}

// 0, or why the program cannot be started: ENOENT where there is none.
int Spawn(const Command& command, const SpawnSettings& settings, pid_t& id) {
  const auto words = Pointers(command.words);
  const auto environment = Pointers(command.environment);
  int failure = ENOENT;
  for (const std::string& file : Candidates(command)) {
    const int error = ::access(file.c_str(), X_OK) != 0
                          ? errno
                          : ::posix_spawn(&id, file.c_str(), &settings.actions(), &settings.attributes(),
                                          words.data(), environment.data());
    if (error == 0) return 0;
    // One that may not be run is told of only where no other folder has one, as execvp(3) does.
    if (error == EACCES) failure = EACCES;
    if (error != EACCES && error != ENOENT && error != ENOTDIR) return error;
  }
  return failure;
}

}  // namespace

std::optional<Program> Start(const netlink::Namespace& where, const Command& command) {
  Pipe input = Pipe::Open();
  Pipe output = Pipe::Open();
  Pipe errors = Pipe::Open();
  SpawnSettings settings;
  settings.Give(input.reading, STDIN_FILENO);
  settings.Give(output.writing, STDOUT_FILENO);
  settings.Give(errors.writing, STDERR_FILENO);
  pid_t id = 0;
  bool missing = false;
  where.Inside("start " + command.words.front(), [&] {
    const int error = Spawn(command, settings, id);
    missing = error == ENOENT;
    return missing ? 0 : error;
  });
  if (missing) return std::nullopt;
  return Program{id, std::move(input.writing), std::move(output.reading), std::move(errors.reading)};
}

std::optional<int> TakeExitCode(pid_t id) {
  int status = 0;
  const pid_t ended = ::waitpid(id, &status, WNOHANG);
  if (ended < 0) throw KernelError("wait for program", errno);
  if (ended == 0) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace director::program
