// A Python module that never finishes loading: it locks its own process up, runs a program and says
// whether the program came to its end. Python code can reach all of Python's objects, frames and modules,
// so what proves a pass, a password drawn for this one run, is never one of them: it is in this file's
// memory, and the only code that writes it stands right behind the program's end.
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "python.h"
#include "sandbox.h"

namespace sandbox {

void say(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(kChannel, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void refuse(const char* step) {
  const std::string why = strerror(errno);
  say(std::string("refused ") + step + ": " + why + "\n");
  _exit(1);
}

namespace {

constexpr size_t kDetail = 2000;  // bytes of an exception's text

void readAll(char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t got = read(STDIN_FILENO, bytes, size);
    if (got <= 0) refuse("reading the program");
    bytes += got;
    size -= static_cast<size_t>(got);
  }
}

// Each field is its length, 4 bytes from the lowest, and its bytes.
std::string readField() {
  unsigned char size[4];
  readAll(reinterpret_cast<char*>(size), sizeof size);
  std::string field(size[0] | size[1] << 8 | size[2] << 16 | static_cast<size_t>(size[3]) << 24, '\0');
  readAll(field.data(), field.size());
  return field;
}

Request readRequest() {
  Request request;
  request.namespaces = readField() == "namespaces";
  request.folder = readField();
  const std::string paths = readField();
  for (size_t begin = 0; begin < paths.size();) {
    const size_t end = std::min(paths.find('\n', begin), paths.size());
    request.readable.push_back(paths.substr(begin, end - begin));
    begin = end + 1;
  }
  request.password = readField();
  request.seconds = atof(readField().c_str());
  request.backstop = atof(readField().c_str());
  request.memory = strtoull(readField().c_str(), nullptr, 10);
  request.fileBytes = strtoull(readField().c_str(), nullptr, 10);
  request.program = readField();
  return request;
}

// With these, Python code could read this file's memory. The hook cannot be seen or removed by Python code.
int refuseMemoryAccess(const char* event, PyObject* arguments, void*) {
  bool isRefused = strncmp(event, "ctypes.", 7) == 0;
  if (strcmp(event, "import") == 0) {
    PyObject* bytes = PyUnicode_AsEncodedString(PyTuple_GetItem(arguments, 0), "utf-8", "replace");
    const std::string_view name = bytes ? PyBytes_AsString(bytes) : "";
    isRefused = name == "_ctypes" || name == "_cffi_backend" || name.starts_with("_test");
  }
  if (isRefused) PyErr_SetString(PyExc_ImportError, "access to memory is refused here");
  return isRefused ? -1 : 0;
}

std::string textOf(PyObject* object) {
  PyObject* bytes = object ? PyUnicode_AsEncodedString(object, "utf-8", "replace") : nullptr;
  if (!bytes) PyErr_Clear();
  return bytes ? PyBytes_AsString(bytes) : "";
}

// Calls code of the program, if its exception has some; what it does cannot change the verdict any more.
std::string describeFailure() {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  const char* outcome =
      PyErr_GivenExceptionMatches(type, PyExc_MemoryError) ? "out of memory\n" : "failed\n";
  PyObject* name = PyObject_GetAttrString(type, "__name__");
  if (!name) PyErr_Clear();
  PyObject* text = value ? PyObject_Str(value) : nullptr;
  if (!text) PyErr_Clear();
  const std::string detail = textOf(text).substr(0, kDetail);
  return outcome + textOf(name) + (detail.empty() ? "" : ": " + detail) + "\n";
}

double now() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

[[noreturn]] void judge(const Request& request, PyObject* exec, PyObject* source, PyObject* globals) {
  // The program may change the timer; the clock decides all the same, and the caller has one too.
  struct itimerval timer = {};
  timer.it_value.tv_sec = static_cast<time_t>(request.seconds);
  timer.it_value.tv_usec = static_cast<suseconds_t>(std::fmod(request.seconds, 1) * 1e6);
  say("started\n");
  const double begin = now();
  must(setitimer(ITIMER_REAL, &timer, nullptr), "the timer");
  PyObject* result = PyObject_CallFunctionObjArgs(exec, source, globals, nullptr);
  if (!result) {
    say(describeFailure());
  } else if (now() - begin > request.seconds) {
    say("timed out\n");
  } else {
    say(request.password);
  }
  _exit(0);
}

[[noreturn]] void run(const Request& request) {
  // Python objects are made before the limits count, so that their lack is no fault of the program.
  PyObject* builtins = PyImport_ImportModule("builtins");
  PyObject* exec = builtins ? PyObject_GetAttrString(builtins, "exec") : nullptr;
  PyObject* source = PyUnicode_DecodeUTF8(
      request.program.data(), static_cast<ssize_t>(request.program.size()), "strict");
  PyObject* globals = PyDict_New();
  errno = EINVAL;
  if (!exec || !source || !globals) refuse("preparing Python");
  must(PySys_AddAuditHook(refuseMemoryAccess, nullptr), "the audit hook");
  const bool mayChangeUser = enterChild(request);
  dropPrivileges(mayChangeUser);
  if (!request.namespaces) guardFiles(request);
  limitResources(request);
  filterCalls();
  judge(request, exec, source, globals);
}

}  // namespace

}  // namespace sandbox

extern "C" __attribute__((visibility("default"))) PyObject* PyInit_judge() {
  sandbox::run(sandbox::readRequest());
}
