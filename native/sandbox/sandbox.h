// Running one Python program that nobody has read: what is asked for, and the steps on the way to it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

// Where the verdict goes; the program has it too, but not the word that means "passed".
constexpr int kChannel = 3;
// Whom the program runs as where the caller is root, and how any caller looks inside user namespaces.
constexpr uid_t kNobody = 65534;

struct Request {
  bool namespaces = false;             // otherwise Landlock guards the files
  std::string folder;                  // empty, of the caller's; the new root is mounted on it
  std::vector<std::string> readable;   // files and folders that Python needs
  std::string password;                // the word that means "passed"
  double seconds = 0;                  // of the program
  double backstop = 0;                 // seconds of everything
  size_t memory = 0;                   // bytes of address space
  size_t fileBytes = 0;                // of one file, and of all files together
  std::string program;
};

// Tells the caller something; the program is not running yet or no longer.
void say(std::string_view text);

// Ends this process because the program cannot be held: it has not run then.
[[noreturn]] void refuse(const char* step);

// Ends this process unless a system call succeeded.
inline void must(int result, const char* step) {
  if (result < 0) refuse(step);
}

// Returns in a child that is alone in new namespaces, or in a child of the same ones; this process waits
// for it, says how it ended and ends too. @returns whether the child may still change its user
bool enterChild(const Request& request);

// Lets the program read what Python needs, and write nothing (Landlock, Linux 5.13).
void guardFiles(const Request& request);

// Gives up root and all capabilities, for good.
void dropPrivileges(bool mayChangeUser);

void limitResources(const Request& request);

// Allows the system calls that a program without network, children and other processes needs (seccomp).
void filterCalls();

}  // namespace sandbox
