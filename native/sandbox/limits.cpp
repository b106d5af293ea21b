// What a program may do: no rights, few resources, and files only where Landlock allows it.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdint>

#include "sandbox.h"

namespace sandbox {

namespace {

// Landlock's interface; older systems have no header for it. The numbers are the same on all processors.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr unsigned kAskVersion = 1, kPathBeneath = 1;
constexpr uint64_t kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadFolder = 1 << 3;
struct Ruleset {
  uint64_t rights;
};
struct __attribute__((packed)) PathRule {
  uint64_t rights;
  int32_t descriptor;
};

constexpr rlim_t kOpenFiles = 64;
constexpr rlim_t kTasks = 256;
constexpr rlim_t kStackBytes = 8 << 20;

void limit(int resource, rlim_t soft, rlim_t hard) {
  const struct rlimit value = {soft, hard};
  must(setrlimit(static_cast<__rlimit_resource_t>(resource), &value), "a resource limit");
}

// Rights on files by the version of Landlock: each bit up to the highest that it knows.
uint64_t rightsOf(int version) {
  const int highest = version >= 5 ? 15 : version >= 3 ? 14 : version >= 2 ? 13 : 12;
  return (uint64_t{1} << (highest + 1)) - 1;
}

void allow(int rules, const std::string& path, uint64_t rights) {
  const int file = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (file < 0) return;
  struct stat facts;
  must(fstat(file, &facts), "Landlock");
  const PathRule rule = {S_ISDIR(facts.st_mode) ? rights : rights & ~kReadFolder, file};
  must(static_cast<int>(syscall(kAddRule, rules, kPathBeneath, &rule, 0)), "Landlock");
  close(file);
}

}  // namespace

void dropPrivileges(bool mayChangeUser) {
  for (int capability = 0; capability < 64; capability++) prctl(PR_CAPBSET_DROP, capability);
  if (mayChangeUser) {
    must(setgroups(0, nullptr), "leaving groups");
    must(setresgid(kNobody, kNobody, kNobody), "giving up root");
    must(setresuid(kNobody, kNobody, kNobody), "giving up root");
  }
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {};
  must(static_cast<int>(syscall(SYS_capset, &header, none)), "giving up capabilities");
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "giving up new privileges");
  // No dump of its memory is handed to a program of the system's when it crashes.
  must(prctl(PR_SET_DUMPABLE, 0), "giving up dumps");
  // A change of user has cleared it.
  must(prctl(PR_SET_PDEATHSIG, SIGKILL), "ending with the parent");
}

void guardFiles(const Request& request) {
  const int version = static_cast<int>(syscall(kCreateRuleset, nullptr, 0, kAskVersion));
  must(version, "Landlock");
  const Ruleset ruleset = {rightsOf(version)};
  const int rules = static_cast<int>(syscall(kCreateRuleset, &ruleset, sizeof ruleset, 0));
  must(rules, "Landlock");
  for (const std::string& path : request.readable) allow(rules, path, kReadFile | kReadFolder);
  allow(rules, request.folder, kReadFolder);
  allow(rules, "/dev/null", kReadFile | kWriteFile);
  allow(rules, "/dev/urandom", kReadFile);
  must(static_cast<int>(syscall(kRestrictSelf, rules, 0)), "Landlock");
  close(rules);
}

void limitResources(const Request& request) {
  const auto seconds = static_cast<rlim_t>(std::ceil(request.seconds));
  limit(RLIMIT_CPU, seconds + 1, seconds + 2);
  limit(RLIMIT_AS, request.memory, request.memory);
  limit(RLIMIT_FSIZE, request.fileBytes, request.fileBytes);
  limit(RLIMIT_NOFILE, kOpenFiles, kOpenFiles);
  limit(RLIMIT_STACK, kStackBytes, kStackBytes);
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_MEMLOCK, 0, 0);
  limit(RLIMIT_MSGQUEUE, 0, 0);
  // Elsewhere the limit would count all that the user runs; no level lets a program make processes.
  if (request.namespaces) limit(RLIMIT_NPROC, kTasks, kTasks);
}

}  // namespace sandbox
