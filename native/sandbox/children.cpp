// The processes around a program: who waits for it, and who ends it when the caller is gone.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>

#include "mounts.h"
#include "sandbox.h"

namespace sandbox {

namespace {

constexpr long kCloseRange = 436;  // Linux 5.9; the same on all processors

void leave(int) { _exit(1); }

// Ends this process with its parent, and after the time that everything may take.
void endWithParent(const Request& request) {
  must(prctl(PR_SET_PDEATHSIG, SIGKILL), "ending with the parent");
  // The first process of a namespace gets only the signals that it handles.
  signal(SIGALRM, leave);
  alarm(static_cast<unsigned>(std::ceil(request.backstop)));
}

[[noreturn]] void waitFor(pid_t child, bool isReporter) {
  int status = 0;
  pid_t ended;
  // The first process of a namespace inherits all that lose their parents.
  while ((ended = wait(&status)) != child) {
    if (ended < 0 && errno != EINTR) _exit(1);
  }
  if (isReporter && WIFSIGNALED(status)) say("signal " + std::to_string(WTERMSIG(status)) + "\n");
  _exit(0);
}

// The child goes on; this process waits.
void goOnInChild(const Request& request, bool isReporter) {
  const pid_t child = fork();
  must(child, "a process");
  if (child > 0) waitFor(child, isReporter);
  endWithParent(request);
}

// @returns whether the caller is root outside, too
bool unshareAll() {
  const int spaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  if (geteuid() == 0 && unshare(spaces) == 0) return true;
  const uid_t user = geteuid();
  const gid_t group = getegid();
  must(unshare(spaces | CLONE_NEWUSER), "user namespaces");
  writeFile("/proc/self/setgroups", "deny");
  writeFile("/proc/self/uid_map", std::to_string(kNobody) + " " + std::to_string(user) + " 1");
  writeFile("/proc/self/gid_map", std::to_string(kNobody) + " " + std::to_string(group) + " 1");
  return false;
}

// Nothing of the caller's stays open but the channel.
void closeDescriptors() {
  const int null = open("/dev/null", O_RDWR);
  must(null, "/dev/null");
  for (int descriptor = 0; descriptor < kChannel; descriptor++) dup2(null, descriptor);
  if (syscall(kCloseRange, kChannel + 1, ~0U, 0) == 0) return;
  for (int descriptor = kChannel + 1; descriptor < 4096; descriptor++) close(descriptor);
}

}  // namespace

bool enterChild(const Request& request) {
  endWithParent(request);
  bool mayChangeUser = geteuid() == 0;
  if (request.namespaces) {
    mayChangeUser = unshareAll();
    makeRoot(request);
    goOnInChild(request, false);  // the first process of the new namespace
  } else if (mayChangeUser) {
    mayChangeUser = nobodyCanRead(request);
  }
  goOnInChild(request, true);
  alarm(0);
  signal(SIGALRM, SIG_DFL);
  closeDescriptors();
  return mayChangeUser;
}

}  // namespace sandbox
