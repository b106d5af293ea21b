#include "boundary.h"

#include <c10/util/Exception.h>

#include <new>

namespace tunewright {

namespace {

// The error factory given by TypeScript makes the error object:
// (kind, operator, argument | undefined, expected-or-message, got | undefined) => Error.
napi_value makeError(napi_env env, const char* kind, const std::string& operatorName, const std::string& argument,
                     const std::string& text, napi_value got) {
  Environment& environment = environmentOf(env);
  napi_value factory = nullptr, error = nullptr, receiver = undefinedValue(env);
  if (environment.errorFactory && napi_get_reference_value(env, environment.errorFactory, &factory) == napi_ok && factory) {
    napi_value arguments[] = {stringValue(env, kind), stringValue(env, operatorName), stringValue(env, argument),
                              stringValue(env, text), got ? got : receiver};
    if (napi_call_function(env, receiver, factory, 5, arguments, &error) == napi_ok) return error;
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (pending) napi_get_and_clear_last_exception(env, &error);
  }
  const std::string message = operatorName + ": " + (argument.empty() ? text : argument + ": expected " + text);
  napi_create_error(env, stringValue(env, kind), stringValue(env, message), &error);
  return error;
}

}  // namespace

bool isOutOfMemory(const std::exception& fault) {
  if (dynamic_cast<const std::bad_alloc*>(&fault) || dynamic_cast<const c10::OutOfMemoryError*>(&fault)) return true;
  const auto* error = dynamic_cast<const c10::Error*>(&fault);
  const std::string text = error ? error->what_without_backtrace() : fault.what();
  // The CPU's allocator, the CUDA runtime, cuBLAS and cuDNN, oneDNN.
  for (const char* sign : {"can't allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED", "cannot allocate memory", "out_of_memory"})
    if (text.find(sign) != std::string::npos) return true;
  return false;
}

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending || status == napi_pending_exception) throw PendingException{};
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  throw std::runtime_error(info && info->error_message ? info->error_message : "Node-API call failed");
}

namespace {

// Paths and values from the caller may be of any length.
std::string shortened(std::string text) {
  constexpr size_t kMost = 1000;
  if (text.size() > kMost) text = text.substr(0, kMost) + "…";
  return text;
}

napi_value errorFor(napi_env env, const char* function, const std::exception_ptr& fault) {
  try {
    std::rethrow_exception(fault);
  } catch (const PendingException&) {
    return nullptr;
  } catch (const ArgumentFault& x) {
    return makeError(env, "argument", x.operatorName, x.argument, x.expected, x.got);
  } catch (const FreedTensorFault& x) {
    return makeError(env, "freed", x.operatorName, x.argument, "a live tensor", nullptr);
  } catch (const MemoryFault& x) {
    return makeError(env, "memory", x.operatorName, "", shortened(x.text), nullptr);
  } catch (const c10::Error& x) {
    return makeError(env, isOutOfMemory(x) ? "memory" : "native", function, "", shortened(x.what_without_backtrace()), nullptr);
  } catch (const std::exception& x) {
    return makeError(env, isOutOfMemory(x) ? "memory" : "native", function, "", shortened(x.what()), nullptr);
  } catch (...) {
    return makeError(env, "native", function, "", "unknown C++ exception", nullptr);
  }
}

}  // namespace

napi_value throwFault(napi_env env, const char* function, const std::exception_ptr& fault) noexcept {
  try {
    if (napi_value error = errorFor(env, function, fault)) napi_throw(env, error);
  } catch (...) {
    // Node-API refuses everything while a worker is being terminated: there is nobody left to tell.
  }
  return nullptr;
}

Arguments::Arguments(napi_env env, napi_callback_info info, const char* function)
    : env(env), environment(environmentOf(env)), function(function) {
  check(env, napi_get_cb_info(env, info, &count, values, nullptr, nullptr));
  if (count > kMost) count = kMost;
}

napi_valuetype Arguments::typeOf(size_t index) const {
  napi_valuetype type = napi_undefined;
  if (index < count) check(env, napi_typeof(env, values[index], &type));
  return type;
}

void Arguments::refuse(size_t index, const char* name, const char* expected) const {
  throw ArgumentFault{function, name, expected, index < count ? values[index] : undefinedValue(env)};
}

double Arguments::number(size_t index, const char* name) const {
  if (typeOf(index) != napi_number) refuse(index, name, "a number");
  double value;
  check(env, napi_get_value_double(env, values[index], &value));
  return value;
}

int64_t Arguments::integer(size_t index, const char* name) const {
  if (typeOf(index) == napi_bigint) {
    int64_t value;
    bool lossless;
    check(env, napi_get_value_bigint_int64(env, values[index], &value, &lossless));
    if (!lossless) refuse(index, name, "an integer of 64 bits");
    return value;
  }
  if (typeOf(index) != napi_number) refuse(index, name, "an integer");
  const double value = number(index, name);
  if (!(value >= -9007199254740991.0 && value <= 9007199254740991.0) || value != static_cast<double>(static_cast<int64_t>(value)))
    refuse(index, name, "an integer");
  return static_cast<int64_t>(value);
}

bool Arguments::boolean(size_t index, const char* name) const {
  if (typeOf(index) != napi_boolean) refuse(index, name, "a boolean");
  bool value;
  check(env, napi_get_value_bool(env, values[index], &value));
  return value;
}

std::string Arguments::string(size_t index, const char* name) const {
  if (typeOf(index) != napi_string) refuse(index, name, "a string");
  size_t length = 0;
  check(env, napi_get_value_string_utf8(env, values[index], nullptr, 0, &length));
  std::string text(length, '\0');
  check(env, napi_get_value_string_utf8(env, values[index], text.data(), length + 1, &length));
  return text;
}

const at::Tensor& Arguments::tensor(size_t index, const char* name) const {
  if (typeOf(index) != napi_number || !looksLikeHandle(number(index, name))) refuse(index, name, "a Tensor");
  const at::Tensor* tensor = environment.tensors.get(number(index, name));
  if (!tensor) throw FreedTensorFault{function, name};
  return *tensor;
}

namespace {

uint32_t arrayLength(const Arguments& arguments, size_t index, const char* name, const char* expected) {
  bool isArray = false;
  if (index < arguments.count) check(arguments.env, napi_is_array(arguments.env, arguments[index], &isArray));
  if (!isArray) arguments.refuse(index, name, expected);
  uint32_t length;
  check(arguments.env, napi_get_array_length(arguments.env, arguments[index], &length));
  return length;
}

}  // namespace

std::vector<at::Tensor> Arguments::tensors(size_t index, const char* name) const {
  const uint32_t length = arrayLength(*this, index, name, "an array of Tensors");
  std::vector<at::Tensor> result;
  result.reserve(std::min(length, kReserved));
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    napi_valuetype type;
    double handle = -1;
    check(env, napi_get_element(env, values[index], i, &element));
    check(env, napi_typeof(env, element, &type));
    if (type == napi_number) check(env, napi_get_value_double(env, element, &handle));
    if (!looksLikeHandle(handle)) throw ArgumentFault{function, std::string(name) + "[" + std::to_string(i) + "]", "a Tensor", element};
    const at::Tensor* tensor = environment.tensors.get(handle);
    if (!tensor) throw FreedTensorFault{function, std::string(name) + "[" + std::to_string(i) + "]"};
    result.push_back(*tensor);
  }
  return result;
}

std::vector<int64_t> Arguments::integers(size_t index, const char* name) const {
  const uint32_t length = arrayLength(*this, index, name, "an array of integers");
  std::vector<int64_t> result;
  result.reserve(std::min(length, kReserved));
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element;
    napi_valuetype type;
    check(env, napi_get_element(env, values[index], i, &element));
    check(env, napi_typeof(env, element, &type));
    double value = 0;
    if (type == napi_number) check(env, napi_get_value_double(env, element, &value));
    if (type != napi_number || !(value >= -9007199254740991.0 && value <= 9007199254740991.0) ||
        value != static_cast<double>(static_cast<int64_t>(value)))
      throw ArgumentFault{function, std::string(name) + "[" + std::to_string(i) + "]", "an integer", element};
    result.push_back(static_cast<int64_t>(value));
  }
  return result;
}

napi_value undefinedValue(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

napi_value numberValue(napi_env env, double number) {
  napi_value value = nullptr;
  check(env, napi_create_double(env, number, &value));
  return value;
}

napi_value booleanValue(napi_env env, bool boolean) {
  napi_value value = nullptr;
  check(env, napi_get_boolean(env, boolean, &value));
  return value;
}

napi_value stringValue(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  check(env, napi_create_string_utf8(env, text.data(), text.size(), &value));
  return value;
}

napi_value handleArray(napi_env env, Environment& environment, const std::vector<at::Tensor>& tensors) {
  napi_value array;
  check(env, napi_create_array_with_length(env, tensors.size(), &array));
  for (size_t i = 0; i < tensors.size(); ++i) {
    napi_value element = nullptr;
    if (tensors[i].defined())
      element = numberValue(env, environment.tensors.put(tensors[i]));
    else
      check(env, napi_get_null(env, &element));
    check(env, napi_set_element(env, array, static_cast<uint32_t>(i), element));
  }
  return array;
}

void setProperty(napi_env env, napi_value object, const char* name, napi_value value) {
  check(env, napi_set_named_property(env, object, name, value));
}

void exportAll(napi_env env, napi_value exports, std::initializer_list<Export> functions) {
  for (const auto& [name, callback] : functions) {
    napi_value function;
    check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function));
    setProperty(env, exports, name, function);
  }
}

}  // namespace tunewright
