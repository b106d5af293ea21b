#include "mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>

namespace sandbox {

namespace {

// The one folder that can be written to, which is the current one.
constexpr char kOwnFolder[] = "/sandbox";

// mount_setattr of Linux 5.12; older systems have no header for it. The number is the same on all processors.
constexpr long kMountSetAttributes = 442;
constexpr unsigned kRecursive = 0x8000;
constexpr uint64_t kReadOnlyMount = 1, kNoSetUidMount = 2;
struct MountAttributes {
  uint64_t set, clear, propagation, userNamespace;
};

void makeFolders(const std::string& path) {
  for (size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    if (mkdir(path.substr(0, end).c_str(), 0755) != 0 && errno != EEXIST) refuse("a folder");
  }
}

// Flags that a mount has and an ordinary user may not take off it.
unsigned long keptFlags(const std::string& path) {
  struct statvfs facts;
  must(statvfs(path.c_str(), &facts), "the flags of a mount");
  unsigned long flags = 0;
  if (facts.f_flag & ST_NOSUID) flags |= MS_NOSUID;
  if (facts.f_flag & ST_NODEV) flags |= MS_NODEV;
  if (facts.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
  if (facts.f_flag & ST_NOATIME) flags |= MS_NOATIME;
  if (facts.f_flag & ST_NODIRATIME) flags |= MS_NODIRATIME;
  if (facts.f_flag & ST_RELATIME) flags |= MS_RELATIME;
  return flags;
}

void makeReadOnly(const std::string& path) {
  MountAttributes attributes = {};
  attributes.set = kReadOnlyMount | kNoSetUidMount;
  const long set = syscall(kMountSetAttributes, AT_FDCWD, path.c_str(), kRecursive, &attributes,
                           sizeof attributes);
  if (set == 0) return;
  const unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | keptFlags(path);
  must(mount(nullptr, path.c_str(), nullptr, flags, nullptr), "a read-only mount");
}

void show(const std::string& path, const std::string& root) {
  struct stat facts;
  if (lstat(path.c_str(), &facts) != 0) return;
  const std::string target = root + path;
  makeFolders(target);
  if (S_ISLNK(facts.st_mode)) {
    char link[PATH_MAX];
    const ssize_t size = readlink(path.c_str(), link, sizeof link - 1);
    must(static_cast<int>(size), "a link");
    must(symlink(std::string(link, static_cast<size_t>(size)).c_str(), target.c_str()), "a link");
    return;
  }
  if (S_ISDIR(facts.st_mode)) {
    if (mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) refuse("a folder");
  } else {
    const int file = open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    must(file, "a file");
    close(file);
  }
  must(mount(path.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr), "a bind mount");
  makeReadOnly(target);
}

}  // namespace

void writeFile(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  must(file, path.c_str());
  if (write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) refuse(path.c_str());
  close(file);
}

void makeRoot(const Request& request) {
  const std::string& root = request.folder;
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  umask(022);
  must(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
  must(mount("tmpfs", root.c_str(), "tmpfs", flags, "size=1m,mode=755"), "a file system in memory");
  for (const std::string& path : request.readable) show(path, root);
  show("/dev/null", root);
  show("/dev/urandom", root);
  const std::string own = root + kOwnFolder;
  const std::string nobody = std::to_string(kNobody);
  const std::string options = "size=" + std::to_string(request.fileBytes) +
                              ",nr_inodes=1024,mode=700,uid=" + nobody + ",gid=" + nobody;
  must(mkdir(own.c_str(), 0755), "the program's folder");
  must(mount("tmpfs", own.c_str(), "tmpfs", flags, options.c_str()), "the program's folder");
  must(mount(nullptr, root.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, nullptr),
       "a read-only root");
  must(chdir(root.c_str()), "the new root");
  must(static_cast<int>(syscall(SYS_pivot_root, ".", ".")), "the new root");
  must(umount2(".", MNT_DETACH), "taking the old root away");
  must(chdir(kOwnFolder), "the program's folder");
}

bool nobodyCanRead(const Request& request) {
  const pid_t child = fork();
  must(child, "a process");
  if (child == 0) {
    if (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0) _exit(1);
    for (const std::string& path : request.readable) {
      if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) continue;
      if (access(path.c_str(), R_OK) != 0) _exit(1);
    }
    _exit(0);
  }
  int status = 1;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
}

}  // namespace sandbox
