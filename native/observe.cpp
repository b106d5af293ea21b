// What libtorch does underneath: every operator that runs, also those that operators call, with their
// number and their own time; and, where bench/gpu/cudaCounters.c is preloaded, the calls into CUDA's runtime.
#include <ATen/record_function.h>
#include <dlfcn.h>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>

#include "boundary.h"
#include "device.h"

namespace tunewright {

namespace {

struct OperatorRecord {
  double calls = 0;
  double seconds = 0;
};

// One for the process: libtorch's observers are global.
struct Observation {
  std::mutex mutex;
  std::map<std::string, OperatorRecord> records;
  std::optional<at::CallbackHandle> handle;
};
Observation observation;

using Clock = std::chrono::steady_clock;

// An operator that runs, while times are taken.
struct OpenOperator : at::ObserverContext {
  explicit OpenOperator(OpenOperator* outer) : outer(outer) {}
  OpenOperator* outer;
  Clock::time_point start = Clock::now();
  double inner = 0;
};
thread_local OpenOperator* innermost = nullptr;

void note(const at::RecordFunction& function, double seconds) {
  const std::lock_guard<std::mutex> lock(observation.mutex);
  OperatorRecord& record = observation.records[function.name()];
  record.calls += 1;
  record.seconds += seconds;
}

std::unique_ptr<at::ObserverContext> startCounted(const at::RecordFunction& function) {
  note(function, 0);
  return nullptr;
}

std::unique_ptr<at::ObserverContext> startTimed(const at::RecordFunction&) {
  auto opened = std::make_unique<OpenOperator>(innermost);
  innermost = opened.get();
  return opened;
}

void endTimed(const at::RecordFunction& function, at::ObserverContext* context) {
  auto* closed = static_cast<OpenOperator*>(context);
  innermost = closed->outer;  // first: what follows may throw, and the context goes
  // Work of the device counts for the operator that asked for it.
  if (accelerator()) at::accelerator::synchronizeDevice(at::accelerator::getDeviceIndex());
  const double seconds = std::chrono::duration<double>(Clock::now() - closed->start).count();
  if (innermost) innermost->inner += seconds;
  note(function, seconds - closed->inner);
}

// observeOperators("count" | "time" | "off"): begins anew, or ends. Timing waits for the device after each
// operator, so that times belong to operators and do not add up to those of an undisturbed run.
napi_value observeOperators(napi_env env, napi_callback_info info) {
  return guarded(env, info, "observeOperators", [&](Arguments& arguments) {
    const std::string mode = arguments.string(0, "mode");
    if (mode != "count" && mode != "time" && mode != "off") arguments.refuse(0, "mode", "\"count\", \"time\" or \"off\"");
    // Threads change the observer one after the other; its callbacks take the other mutex.
    static std::mutex changing;
    const std::lock_guard<std::mutex> change(changing);
    if (observation.handle) at::removeCallback(*observation.handle);
    observation.handle.reset();
    if (mode == "off") return undefinedValue(env);
    {
      const std::lock_guard<std::mutex> lock(observation.mutex);
      observation.records.clear();
    }
    auto callback = mode == "time" ? at::RecordFunctionCallback(startTimed, endTimed) : at::RecordFunctionCallback(startCounted);
    observation.handle = at::addGlobalCallback(callback.scopes({at::RecordScope::FUNCTION}));
    return undefinedValue(env);
  });
}

// observedOperators(): [{ name, calls, seconds }] since the last observeOperators.
napi_value observedOperators(napi_env env, napi_callback_info info) {
  return guarded(env, info, "observedOperators", [&](Arguments&) {
    std::map<std::string, OperatorRecord> records;
    {
      const std::lock_guard<std::mutex> lock(observation.mutex);
      records = observation.records;
    }
    napi_value array;
    check(env, napi_create_array_with_length(env, records.size(), &array));
    uint32_t index = 0;
    for (const auto& [name, record] : records) {
      napi_value object;
      check(env, napi_create_object(env, &object));
      setProperty(env, object, "name", stringValue(env, name));
      setProperty(env, object, "calls", numberValue(env, record.calls));
      setProperty(env, object, "seconds", numberValue(env, record.seconds));
      check(env, napi_set_element(env, array, index++, object));
    }
    return array;
  });
}

// cudaCounters(): calls into CUDA's runtime by name since the process began, or null where the library of
// bench/gpu/cudaCounters.c is not preloaded.
napi_value cudaCounters(napi_env env, napi_callback_info info) {
  return guarded(env, info, "cudaCounters", [&](Arguments&) {
    struct Counter {
      const char* name;
      unsigned long long calls;
    };
    const auto read = reinterpret_cast<const Counter* (*)()>(dlsym(RTLD_DEFAULT, "tunewright_cuda_counters"));
    napi_value result;
    check(env, napi_get_null(env, &result));
    if (!read) return result;
    check(env, napi_create_object(env, &result));
    for (const Counter* counter = read(); counter->name; ++counter)
      setProperty(env, result, counter->name, numberValue(env, static_cast<double>(counter->calls)));
    return result;
  });
}

}  // namespace

void initObserve(napi_env env, napi_value exports) {
  exportAll(env, exports, {{"observeOperators", observeOperators}, {"observedOperators", observedOperators}, {"cudaCounters", cudaCounters}});
}

}  // namespace tunewright
