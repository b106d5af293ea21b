// The system calls that a program may make: a list of what is allowed, since nobody knows all that is not.
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sandbox.h"

namespace sandbox {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = 0;  // unknown: refused below
#endif

// Calls that older systems have no names for: faccessat2, close_range, rseq.
constexpr int kFileAccess = 439, kCloseRange = 436;
#ifdef __x86_64__
constexpr int kSharedSequences = 334;
#else
constexpr int kSharedSequences = 293;
#endif

// From here on all architectures share their numbers, and C libraries do without what they do not find.
constexpr uint32_t kNewCalls = 424;

constexpr int kAllowed[] = {
    // Files that are open, and those that mounts or Landlock let be opened.
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev,
    SYS_openat, SYS_close, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs,
    SYS_faccessat, kFileAccess, SYS_readlinkat, SYS_getdents64, SYS_getcwd, SYS_chdir, SYS_fchdir,
    SYS_mkdirat, SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_ftruncate,
    SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_flock, SYS_dup, SYS_dup3, SYS_umask,
    SYS_sendfile, SYS_copy_file_range, SYS_fadvise64, SYS_pipe2, kCloseRange,
    // Memory.
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_msync,
    // Waiting.
    SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2,
    SYS_nanosleep, SYS_clock_nanosleep, SYS_sched_yield, SYS_futex, SYS_timerfd_create,
    SYS_timerfd_settime, SYS_timerfd_gettime, SYS_wait4, SYS_waitid,
    // Clocks and facts about itself.
    SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_times, SYS_getrusage, SYS_sysinfo,
    SYS_uname, SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
    SYS_getgroups, SYS_getresuid, SYS_getresgid, SYS_getpgid, SYS_getsid, SYS_getpriority,
    SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler, SYS_getcpu, SYS_getrandom,
    SYS_setitimer, SYS_getitimer,
    // Signals to itself, threads, and the end.
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigpending, SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait, SYS_sigaltstack, SYS_restart_syscall, SYS_set_robust_list,
    SYS_get_robust_list, SYS_set_tid_address, kSharedSequences, SYS_membarrier, SYS_exit, SYS_exit_group,
    // Pairs of sockets, which an event loop wakes itself with; none can be made that reaches out.
    SYS_shutdown, SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_recvfrom,
#ifdef __x86_64__
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_getdents, SYS_mkdir, SYS_rmdir,
    SYS_unlink, SYS_rename, SYS_link, SYS_symlink, SYS_creat, SYS_pipe, SYS_dup2, SYS_poll, SYS_select,
    SYS_epoll_create, SYS_epoll_wait, SYS_eventfd, SYS_time, SYS_getpgrp, SYS_alarm, SYS_pause,
    SYS_getrlimit,
#endif
};

class Filter {
 public:
  Filter() {
    load(offsetof(struct seccomp_data, arch));
    when(BPF_JEQ, kArchitecture, 1, 0);
    answer(SECCOMP_RET_KILL_PROCESS);
    load(offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    when(BPF_JGE, 0x40000000, 0, 1);  // the calls of x32
    answer(SECCOMP_RET_KILL_PROCESS);
#endif
  }

  void allow(int call) {
    when(BPF_JEQ, static_cast<uint32_t>(call), 0, 1);
    answer(SECCOMP_RET_ALLOW);
  }

  // Allows a call whose argument, under a mask, is this value; the value fits into 32 bits, and the
  // mask covers the argument's upper half where `wide`.
  void allowWhere(int call, int argument, uint32_t mask, uint32_t value, bool wide = false) {
    const uint32_t at = offsetof(struct seccomp_data, args) + 8 * static_cast<uint32_t>(argument);
    const uint8_t rest = wide ? 7 : 5;
    when(BPF_JEQ, static_cast<uint32_t>(call), 0, rest);
    if (wide) {
      load(at + 4);
      when(BPF_JEQ, 0, 0, 4);
    }
    load(at);
    code_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    when(BPF_JEQ, value, 0, 1);
    answer(SECCOMP_RET_ALLOW);
    load(offsetof(struct seccomp_data, nr));
  }

  void install() {
    when(BPF_JGE, kNewCalls, 0, 1);
    answer(SECCOMP_RET_ERRNO | ENOSYS);
    answer(SECCOMP_RET_ERRNO | EPERM);
    const struct sock_fprog program = {static_cast<unsigned short>(code_.size()), code_.data()};
    must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
  }

 private:
  void load(size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
  }
  void when(uint16_t comparison, uint32_t value, uint8_t yes, uint8_t no) {
    code_.push_back(
        BPF_JUMP(static_cast<uint16_t>(BPF_JMP | BPF_K | comparison), value, yes, no));
  }
  void answer(uint32_t action) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }

  std::vector<struct sock_filter> code_;
};

}  // namespace

void filterCalls() {
  errno = ENOTSUP;
  if (kArchitecture == 0) refuse("system calls of this processor");
  constexpr uint32_t all = ~0U;
  const auto self = static_cast<uint32_t>(getpid());
  Filter filter;
  for (const int call : kAllowed) filter.allow(call);
  filter.allowWhere(SYS_clone, 0, CLONE_THREAD, CLONE_THREAD);  // threads, no processes
  filter.allowWhere(SYS_kill, 0, all, self);
  filter.allowWhere(SYS_tgkill, 0, all, self);
  filter.allowWhere(SYS_socketpair, 0, all, AF_UNIX);
  filter.allowWhere(SYS_sendto, 4, all, 0, true);     // to the other end, to no address
  filter.allowWhere(SYS_prlimit64, 2, all, 0, true);  // asks, changes nothing
  // No other: a file can be told to signal any process of the same user (F_SETOWN), or to block others.
  for (const uint32_t command : {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
                                 F_SETLKW, F_DUPFD_CLOEXEC}) {
    filter.allowWhere(SYS_fcntl, 1, all, command);
  }
  for (const uint32_t request : {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ}) {
    filter.allowWhere(SYS_ioctl, 1, all, request);
  }
  filter.install();
}

}  // namespace sandbox
