// The border between C++ and JavaScript: every exported function runs inside `guarded`, which turns
// each C++ exception into a typed JavaScript error, so nothing crosses the border raw.
#pragma once

#include <exception>
#include <functional>
#include <string>

#include "environment.h"

namespace tunewright {

// Thrown where an argument from JavaScript has the wrong type or value.
struct ArgumentFault {
  std::string operatorName;
  std::string argument;
  std::string expected;
  napi_value got;
};

// Thrown where a tensor handle is freed or foreign.
struct FreedTensorFault {
  std::string operatorName;
  std::string argument;
};

// Thrown where memory was refused, by the host or by a device.
struct MemoryFault {
  std::string operatorName;
  std::string text;
};

// Thrown where a JavaScript exception is already pending and must reach the caller unchanged.
struct PendingException {};

// An array's length is only a claim until its elements have been seen.
inline constexpr uint32_t kReserved = 1024;

struct Arguments {
  static constexpr size_t kMost = 32;
  napi_env env;
  Environment& environment;
  const char* function;
  size_t count = kMost;
  napi_value values[kMost];

  Arguments(napi_env env, napi_callback_info info, const char* function);

  napi_value operator[](size_t index) const { return values[index]; }
  napi_valuetype typeOf(size_t index) const;
  bool given(size_t index) const { return typeOf(index) != napi_undefined; }

  [[noreturn]] void refuse(size_t index, const char* name, const char* expected) const;
  double number(size_t index, const char* name) const;
  int64_t integer(size_t index, const char* name) const;
  bool boolean(size_t index, const char* name) const;
  std::string string(size_t index, const char* name) const;
  const at::Tensor& tensor(size_t index, const char* name) const;
  std::vector<at::Tensor> tensors(size_t index, const char* name) const;
  std::vector<int64_t> integers(size_t index, const char* name) const;
};

// Whether an exception says that there is no memory: that of an allocator, of C++, or of a library
// whose own exceptions tell it only by their text.
bool isOutOfMemory(const std::exception& fault);

void check(napi_env env, napi_status status);
napi_value throwFault(napi_env env, const char* function, const std::exception_ptr& fault) noexcept;

template <typename Body>
napi_value guarded(napi_env env, napi_callback_info info, const char* function, Body&& body) {
  try {
    Arguments arguments(env, info, function);
    return body(arguments);
  } catch (...) {
    return throwFault(env, function, std::current_exception());
  }
}

napi_value undefinedValue(napi_env env);
napi_value numberValue(napi_env env, double value);
napi_value booleanValue(napi_env env, bool value);
napi_value stringValue(napi_env env, const std::string& value);
napi_value handleArray(napi_env env, Environment& environment, const std::vector<at::Tensor>& tensors);
void setProperty(napi_env env, napi_value object, const char* name, napi_value value);

using Export = std::pair<const char*, napi_callback>;
void exportAll(napi_env env, napi_value exports, std::initializer_list<Export> functions);

// One initialiser a topic; addon.cpp calls them in order.
void initDispatch(napi_env env, napi_value exports);
void initTensors(napi_env env, napi_value exports);
void initAutograd(napi_env env, napi_value exports);
void initRuntime(napi_env env, napi_value exports);
void initDevice(napi_env env, napi_value exports);
void initHostMemory(napi_env env, napi_value exports);
void initMetaMemory(napi_env env, napi_value exports);
void initObserve(napi_env env, napi_value exports);
void initBitsandbytes(napi_env env, napi_value exports);

}  // namespace tunewright
