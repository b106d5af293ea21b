// The machine under libtorch: threads, seeds and generators, libraries, signals.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/Generator.h>
#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <mutex>

#include "boundary.h"
#include "device.h"

namespace tunewright {

namespace {

napi_value setThreads(napi_env env, napi_callback_info info) {
  return guarded(env, info, "setThreads", [&](Arguments& arguments) {
    const int64_t count = arguments.integer(0, "count");
    if (count < 1 || count > 4096) arguments.refuse(0, "count", "a number of threads from 1 to 4096");
    at::set_num_threads(static_cast<int>(count));
    return undefinedValue(env);
  });
}

napi_value threads(napi_env env, napi_callback_info info) {
  return guarded(env, info, "threads", [&](Arguments&) { return numberValue(env, at::get_num_threads()); });
}

// manualSeed(seed): seeds the default generator of every device.
napi_value manualSeed(napi_env env, napi_callback_info info) {
  return guarded(env, info, "manualSeed", [&](Arguments& arguments) {
    const int64_t seed = arguments.integer(0, "seed");
    if (seed < 0) arguments.refuse(0, "seed", "an integer of zero or more");
    const auto apply = [&](c10::Device device) {
      at::Generator generator = at::globalContext().defaultGenerator(device);
      const std::lock_guard<std::mutex> lock(generator.mutex());
      generator.set_current_seed(static_cast<uint64_t>(seed));
    };
    apply(at::kCPU);
    if (const auto device = accelerator())
      for (c10::DeviceIndex i = 0; i < at::accelerator::deviceCount(); ++i)
        apply(c10::Device(*device, i));
    return undefinedValue(env);
  });
}

// makeGenerator(device, seed): a generator of its own, independent of the default one.
napi_value makeGenerator(napi_env env, napi_callback_info info) {
  return guarded(env, info, "makeGenerator", [&](Arguments& arguments) {
    const c10::Device device(arguments.string(0, "device"));
    const int64_t seed = arguments.integer(1, "seed");
    if (seed < 0) arguments.refuse(1, "seed", "an integer of zero or more");
    at::Generator shared = at::globalContext().defaultGenerator(device);
    at::Generator generator = [&] {
      const std::lock_guard<std::mutex> lock(shared.mutex());
      return shared.clone();
    }();
    generator.set_current_seed(static_cast<uint64_t>(seed));
    return numberValue(env, arguments.environment.generators.put(std::move(generator)));
  });
}

const at::Generator& generatorArgument(Arguments& arguments, size_t index) {
  const at::Generator* generator = arguments.environment.generators.get(arguments.number(index, "generator"));
  if (!generator) arguments.refuse(index, "generator", "a live Generator");
  return *generator;
}

napi_value generatorState(napi_env env, napi_callback_info info) {
  return guarded(env, info, "generatorState", [&](Arguments& arguments) {
    return numberValue(env, arguments.environment.tensors.put(generatorArgument(arguments, 0).get_state()));
  });
}

napi_value setGeneratorState(napi_env env, napi_callback_info info) {
  return guarded(env, info, "setGeneratorState", [&](Arguments& arguments) {
    at::Generator generator = generatorArgument(arguments, 0);
    generator.set_state(arguments.tensor(1, "state"));
    return undefinedValue(env);
  });
}

napi_value releaseGenerator(napi_env env, napi_callback_info info) {
  return guarded(env, info, "releaseGenerator", [&](Arguments& arguments) {
    return booleanValue(env, arguments.environment.generators.release(arguments.number(0, "generator")));
  });
}

// loadLibrary(path): opens a library whose kernels register themselves (libtorch_cuda.so).
napi_value loadLibrary(napi_env env, napi_callback_info info) {
  return guarded(env, info, "loadLibrary", [&](Arguments& arguments) {
    if (!dlopen(arguments.string(0, "path").c_str(), RTLD_NOW | RTLD_GLOBAL)) throw std::runtime_error(dlerror());
    return undefinedValue(env);
  });
}

// trim(): gives freed memory back to the operating system, so that peaks do not add up.
napi_value trim(napi_env env, napi_callback_info info) {
  return guarded(env, info, "trim", [&](Arguments&) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    return undefinedValue(env);
  });
}

napi_value capabilities(napi_env env, napi_callback_info info) {
  return guarded(env, info, "capabilities", [&](Arguments&) {
    napi_value result;
    check(env, napi_create_object(env, &result));
    setProperty(env, result, "cpu", stringValue(env, at::get_cpu_capability()));
    setProperty(env, result, "mkldnn", booleanValue(env, at::globalContext().hasMKLDNN()));
    setProperty(env, result, "parallel", stringValue(env, at::get_parallel_info()));
    return result;
  });
}

}  // namespace

// Training allocates and frees the same few sizes of some megabytes again and again. By default
// glibc takes each from the kernel and gives it back, and the page faults cost as much as the
// arithmetic on small blocks; so memory is kept until trim() is called.
static void keepFreedMemory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

void initRuntime(napi_env env, napi_value exports) {
  keepFreedMemory();
  exportAll(env, exports,
            {{"setThreads", setThreads},
             {"threads", threads},
             {"manualSeed", manualSeed},
             {"makeGenerator", makeGenerator},
             {"generatorState", generatorState},
             {"setGeneratorState", setGeneratorState},
             {"releaseGenerator", releaseGenerator},
             {"loadLibrary", loadLibrary},
             {"trim", trim},
             {"capabilities", capabilities}});
}

}  // namespace tunewright
