#include "program/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "util/error.h"

namespace director::program {
namespace {

void SetNonBlocking(const UniqueFd& fd) {
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) throw KernelError("fcntl", errno);
}

// Writes what goes in; closes the stream after the last byte, or when nobody reads any more.
void Feed(UniqueFd& stream, std::string_view& rest) {
  const ssize_t written = rest.empty() ? 0 : ::write(stream.get(), rest.data(), rest.size());
  if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (written < 0 && errno != EPIPE) throw KernelError("write", errno);
  rest.remove_prefix(written < 0 ? rest.size() : static_cast<size_t>(written));
  if (rest.empty()) stream.Reset();
}

// Reads what is there; closes the stream at its end.
void Drain(UniqueFd& stream, std::string& text) {
  std::array<char, 1 << 16> piece;
  const ssize_t length = ::read(stream.get(), piece.data(), piece.size());
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length < 0) throw KernelError("read", errno);
  if (length == 0) stream.Reset();
  text.append(piece.data(), static_cast<size_t>(length));
}

// Waits until one of them is ready or the time is up; throws KernelError when stopped. poll(2) passes over
// descriptors that are negative: streams that are closed.
template <size_t n>
void Wait(std::array<pollfd, n>& polled, int milliseconds) {
  if (::poll(polled.data(), n, milliseconds) < 0 && errno != EINTR) throw KernelError("poll", errno);
  if (polled.back().revents != 0) throw KernelError("run program", ECANCELED);
}

void Exchange(Program& program, std::string_view input, Result& result, int stop) {
  for (const UniqueFd* stream : {&program.input, &program.output, &program.errors}) SetNonBlocking(*stream);
  if (input.empty()) program.input.Reset();
  while (program.output || program.errors) {
    std::array<pollfd, 4> polled{{{program.input.get(), POLLOUT, 0},
                                  {program.output.get(), POLLIN, 0},
                                  {program.errors.get(), POLLIN, 0},
                                  {stop, POLLIN, 0}}};
    Wait(polled, -1);
    if (polled[0].revents != 0) Feed(program.input, input);
    if (polled[1].revents != 0) Drain(program.output, result.output);
    if (polled[2].revents != 0) Drain(program.errors, result.errors);
  }
}

// A program that has closed its outputs is about to end; one that is in no hurry is asked less and less
// often.
int AwaitExitCode(pid_t id, int stop) {
  constexpr int kLongestPause = 100;
  for (int pause = 1;; pause = std::min(2 * pause, kLongestPause)) {
    if (const auto code = TakeExitCode(id)) return *code;
    std::array<pollfd, 1> polled{{{stop, POLLIN, 0}}};
    Wait(polled, pause);
  }
}

}  // namespace

Stop::Stop() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw KernelError("eventfd", errno);
}

void Stop::Now() const {
  // Fails only where it would overflow, and then it is readable as well.
  static_cast<void>(::eventfd_write(event_.get(), 1));
}

std::optional<Result> Run(const netlink::Namespace& where, const Command& command, std::string_view input,
                          const Stop& stop) {
  auto program = Start(where, command);
  if (!program) return std::nullopt;
  Result result;
  Exchange(*program, input, result, stop.fd());
  program->input.Reset();
  result.exit_code = AwaitExitCode(program->id, stop.fd());
  return result;
}

}  // namespace director::program
