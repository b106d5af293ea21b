// What a process must do while its JavaScript does not run: note signals, and write to a terminal or a
// pipe without waiting for whoever reads it. Without libtorch, so that it is there from the first moment.
#include <node_api.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <iterator>
#include <utility>

namespace {

// Signals that ask the process to stop, and those that ask it to save and go on.
constexpr int kStop[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU};
constexpr int kSave[] = {SIGUSR1, SIGUSR2};
constexpr int kWatched[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2};

constexpr int kStopped = 130;

enum Mode { kOff = 0, kExit = 1, kNote = 2 };

std::atomic<int> mode{kOff};
std::atomic<int> received{0};
std::atomic<int> saves{0};
std::atomic<int64_t> interruptedAt{0};  // nanoseconds of the last SIGINT that was noted
std::atomic<uint64_t> ignored{0};       // bit n-1: signal n was ignored when the program began
struct sigaction before[std::size(kWatched)];

struct termios terminal;
bool isTerminal = false;  // standard input
bool wasTerminal[3] = {};

bool isIgnored(int signal) { return ignored >> (signal - 1) & 1; }

// Ends the process from a signal's handler: only calls that may be made there. A chat leaves the
// terminal in raw mode; from the background, changing it would stop the process instead.
[[noreturn]] void leave(const char* text) {
  if (isTerminal && tcgetpgrp(STDIN_FILENO) == getpgrp()) tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
  struct pollfd output = {STDERR_FILENO, POLLOUT, 0};
  if (text && poll(&output, 1, 0) == 1) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0) {
      // Nobody reads any more.
    }
  }
  _exit(kStopped);
}

const char* stoppedBy(int signal) {
  switch (signal) {
    case SIGTERM: return "tunewright: stopped by SIGTERM\n";
    case SIGHUP: return "tunewright: stopped by SIGHUP\n";
    case SIGXCPU: return "tunewright: stopped by SIGXCPU\n";
    default: return nullptr;  // whoever presses Ctrl-C knows
  }
}

// A second SIGTERM changes nothing, since launchers and schedulers may both send one; nor does a
// SIGINT right behind the first, which `timeout` and wrappers send. One a second later is a person who
// does not want to wait.
constexpr int64_t kSecond = 1'000'000'000;

void onStop(int signal) {
  const int error = errno;
  if (mode == kExit) leave(stoppedBy(signal));
  if (signal == SIGINT) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    const int64_t now = time.tv_sec * kSecond + time.tv_nsec;
    const int64_t last = interruptedAt.exchange(now);
    if (last != 0 && now - last >= kSecond) leave("\ntunewright: ended at once, without saving\n");
  }
  int none = 0;
  received.compare_exchange_strong(none, signal);
  errno = error;
}

void onSave(int) { ++saves; }

void install(int signal, struct sigaction* old) {
  struct sigaction action {};
  const bool stops = std::find(std::begin(kStop), std::end(kStop), signal) != std::end(kStop);
  action.sa_handler = isIgnored(signal) ? SIG_IGN : stops ? onStop : onSave;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, old);
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

template <size_t kCount>
void numbers(napi_env env, napi_callback_info info, double (&values)[kCount], napi_value* first = nullptr) {
  napi_value arguments[kCount];
  size_t count = kCount;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  for (size_t i = 0; i < kCount; ++i) {
    values[i] = 0;
    napi_get_value_double(env, arguments[i], &values[i]);
  }
  if (first) *first = arguments[0];
}

// ignore(low, high): 32 bits each of the signals that stay ignored.
napi_value ignore(napi_env env, napi_callback_info info) {
  double bits[2];
  numbers(env, info, bits);
  ignored = static_cast<uint64_t>(bits[1]) << 32 | static_cast<uint64_t>(bits[0]);
  if (mode != kOff)
    for (int signal : kWatched) install(signal, nullptr);
  return nullptr;
}

// setMode(mode): what a signal does from now on; the mode before. 0: whatever it did before this
// process watched. 1: one that asks to stop ends the process. 2: it is noted.
napi_value setMode(napi_env env, napi_callback_info info) {
  double wanted[1];
  numbers(env, info, wanted);
  const int next = static_cast<int>(wanted[0]);
  const int last = mode.exchange(next);
  if (last == kOff) {
    received = 0;
    saves = 0;
    interruptedAt = 0;
    isTerminal = tcgetattr(STDIN_FILENO, &terminal) == 0;
    for (int file = 0; file < 3; ++file) wasTerminal[file] = isatty(file);
  }
  for (size_t i = 0; i < std::size(kWatched); ++i) {
    if (last == kOff && next != kOff) install(kWatched[i], &before[i]);
    if (last != kOff && next == kOff) sigaction(kWatched[i], &before[i], nullptr);
  }
  return number(env, last);
}

// rearm(): takes the signals back after a handler of Node's was removed, which leaves them to the system.
napi_value rearm(napi_env, napi_callback_info) {
  if (mode != kOff)
    for (int signal : kWatched) install(signal, nullptr);
  return nullptr;
}

// endIfHungUp(code): ends the process where one of its terminals is gone. Node restores the terminals
// that it began with when it ends, and aborts where it cannot.
napi_value endIfHungUp(napi_env env, napi_callback_info info) {
  double code[1];
  numbers(env, info, code);
  struct termios now;
  for (int file = 0; file < 3; ++file)
    if (wasTerminal[file] && tcgetattr(file, &now) != 0) _exit(static_cast<int>(code[0]));
  return nullptr;
}

// receivedSignal(): the first signal that asked to stop and was noted, or 0.
napi_value receivedSignal(napi_env env, napi_callback_info) { return number(env, received); }

// saveRequests(): how many signals have asked to save.
napi_value saveRequests(napi_env env, napi_callback_info) { return number(env, saves); }

// Pipes promise room for this much when they say that they can be written to.
constexpr size_t kPiece = std::min<size_t>(PIPE_BUF, 4096);

// write(bytes, descriptor, offset, milliseconds): how many bytes were written, 0 where none could be
// within the time, or the negative number of the error. It never waits longer, whoever reads.
napi_value writeSome(napi_env env, napi_callback_info info) {
  double values[4];
  napi_value view;
  numbers(env, info, values, &view);
  void* data = nullptr;
  size_t length = 0;
  if (napi_get_buffer_info(env, view, &data, &length) != napi_ok) return number(env, -EINVAL);
  const size_t offset = std::min(length, static_cast<size_t>(std::max(0.0, values[2])));
  struct pollfd output = {static_cast<int>(values[1]), POLLOUT, 0};
  const int ready = poll(&output, 1, static_cast<int>(values[3]));
  if (ready <= 0) return number(env, ready == 0 || errno == EINTR ? 0 : -errno);
  const char* from = static_cast<const char*>(data) + offset;
  const ssize_t written = write(output.fd, from, std::min(kPiece, length - offset));
  if (written >= 0) return number(env, static_cast<double>(written));
  return number(env, errno == EAGAIN || errno == EINTR ? 0 : -errno);
}

// columns(descriptor): the width of a terminal; 0 where it is none, -1 where it does not tell.
napi_value columns(napi_env env, napi_callback_info info) {
  double descriptor[1];
  numbers(env, info, descriptor);
  const int file = static_cast<int>(descriptor[0]);
  if (!isatty(file)) return number(env, 0);
  struct winsize size {};
  return number(env, ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : -1);
}

}  // namespace

NAPI_MODULE_INIT() {
  const std::pair<const char*, napi_callback> functions[] = {
      {"ignore", ignore},
      {"setMode", setMode},
      {"rearm", rearm},
      {"endIfHungUp", endIfHungUp},
      {"receivedSignal", receivedSignal},
      {"saveRequests", saveRequests},
      {"write", writeSome},
      {"columns", columns},
  };
  for (const auto& [name, callback] : functions) {
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) != napi_ok) return nullptr;
    if (napi_set_named_property(env, exports, name, function) != napi_ok) return nullptr;
  }
  return exports;
}
