// Entry point: one Environment for each JavaScript environment, then the functions of each topic.
#include "boundary.h"

namespace tunewright {

Environment& environmentOf(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Environment*>(data);
}

void ReferenceBin::discard(napi_ref reference) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return;
  if (onOwnThread())
    napi_delete_reference(env_, reference);
  else
    waiting_.push_back(reference);
}

void ReferenceBin::empty() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (napi_ref reference : waiting_) napi_delete_reference(env_, reference);
  waiting_.clear();
}

void ReferenceBin::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
}

static napi_value setErrorFactory(napi_env env, napi_callback_info info) {
  return guarded(env, info, "setErrorFactory", [&](Arguments& arguments) {
    if (arguments.typeOf(0) != napi_function) arguments.refuse(0, "factory", "a function");
    napi_ref factory;
    check(env, napi_create_reference(env, arguments[0], 1, &factory));
    std::swap(factory, arguments.environment.errorFactory);
    if (factory) napi_delete_reference(env, factory);
    return undefinedValue(env);
  });
}

}  // namespace tunewright

NAPI_MODULE_INIT() {
  using namespace tunewright;
  auto* environment = new (std::nothrow) Environment(env);
  const auto remove = [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); };
  if (!environment || napi_set_instance_data(env, environment, remove, nullptr) != napi_ok) {
    delete environment;
    napi_throw_error(env, "native", "the addon's state could not be made");
    return nullptr;
  }
  try {
    exportAll(env, exports, {{"setErrorFactory", setErrorFactory}});
    initDispatch(env, exports);
    initTensors(env, exports);
    initAutograd(env, exports);
    initRuntime(env, exports);
    initDevice(env, exports);
    initHostMemory(env, exports);
    initMetaMemory(env, exports);
    initObserve(env, exports);
    initBitsandbytes(env, exports);
  } catch (...) {
    return throwFault(env, "load", std::current_exception());
  }
  return exports;
}
