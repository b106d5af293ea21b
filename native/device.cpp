// Accelerators through libtorch's device-generic interfaces, so that the same code serves every build
// of libtorch and no CUDA header is needed: current device and stream, waiting, events, memory, copies
// that do not wait, and what the device is.
#include <ATen/DeviceAccelerator.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/Event.h>
#include <dlfcn.h>

#include <mutex>
#include <set>
#include <unordered_set>

#include "boundary.h"
#include "device.h"
#include "streams.h"

namespace tunewright {

namespace {

// A device of the accelerator that is here, or the CPU; its index is the current one where none is named.
c10::Device deviceArgument(Arguments& arguments, size_t index) {
  c10::Device device(at::kCPU);
  try {
    device = c10::Device(arguments.string(index, "device"));
  } catch (const c10::Error&) {
    arguments.refuse(index, "device", "a device such as \"cpu\" or \"cuda:0\"");
  }
  if (device.is_cpu()) return device;
  if (accelerator() != device.type()) arguments.refuse(index, "device", "a device of this machine (see devices())");
  if (!device.has_index()) device.set_index(at::accelerator::getDeviceIndex());
  if (device.index() >= at::accelerator::deviceCount()) arguments.refuse(index, "device", "a device of this machine (see devices())");
  return device;
}

c10::Device currentDeviceHere() {
  const auto type = accelerator();
  return type ? c10::Device(*type, at::accelerator::getDeviceIndex()) : c10::Device(at::kCPU);
}

// devices(): ["cpu", "cuda:0", …] as far as they can be used now.
napi_value devices(napi_env env, napi_callback_info info) {
  return guarded(env, info, "devices", [&](Arguments&) {
    std::vector<std::string> names{"cpu"};
    if (const auto device = accelerator())
      for (c10::DeviceIndex i = 0; i < at::accelerator::deviceCount(); ++i) names.push_back(c10::Device(*device, i).str());
    napi_value array;
    check(env, napi_create_array_with_length(env, names.size(), &array));
    for (size_t i = 0; i < names.size(); ++i) check(env, napi_set_element(env, array, static_cast<uint32_t>(i), stringValue(env, names[i])));
    return array;
  });
}

napi_value currentDevice(napi_env env, napi_callback_info info) {
  return guarded(env, info, "currentDevice", [&](Arguments&) { return stringValue(env, currentDeviceHere().str()); });
}

// setDevice(device): which accelerator "cuda" without a number means on this thread.
napi_value setDevice(napi_env env, napi_callback_info info) {
  return guarded(env, info, "setDevice", [&](Arguments& arguments) {
    const c10::Device device = deviceArgument(arguments, 0);
    if (!device.is_cpu()) at::accelerator::setDeviceIndex(device.index());
    return undefinedValue(env);
  });
}

// synchronize(device | undefined): waits for all work of a device, by default the current one.
napi_value synchronize(napi_env env, napi_callback_info info) {
  return guarded(env, info, "synchronize", [&](Arguments& arguments) {
    const c10::Device device = arguments.given(0) ? deviceArgument(arguments, 0) : currentDeviceHere();
    if (!device.is_cpu()) at::accelerator::synchronizeDevice(device.index());
    return undefinedValue(env);
  });
}

// Streams that newStream gave out, on any thread. libtorch takes other numbers for addresses.
std::mutex streamsMutex;
std::set<std::pair<c10::DeviceIndex, int64_t>> streams;

c10::Stream streamArgument(Arguments& arguments, size_t index, c10::Device device) {
  const int64_t id = arguments.integer(index, "stream");
  const std::lock_guard<std::mutex> lock(streamsMutex);
  if (id != 0 && !streams.contains({device.index(), id})) arguments.refuse(index, "stream", "a stream of this device");
  return c10::Stream(c10::Stream::UNSAFE, device, id);
}

// Streams cross the border as their number on their device; 0 is the default stream.
napi_value currentStream(napi_env env, napi_callback_info info) {
  return guarded(env, info, "currentStream", [&](Arguments& arguments) {
    return numberValue(env, static_cast<double>(currentStreamOf(deviceArgument(arguments, 0)).id()));
  });
}

napi_value newStream(napi_env env, napi_callback_info info) {
  return guarded(env, info, "newStream", [&](Arguments& arguments) {
    const c10::Device device = deviceArgument(arguments, 0);
    if (device.is_cpu()) return numberValue(env, 0);
    const int64_t id = c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device).id();
    const std::lock_guard<std::mutex> lock(streamsMutex);
    streams.insert({device.index(), id});
    return numberValue(env, static_cast<double>(id));
  });
}

napi_value setStream(napi_env env, napi_callback_info info) {
  return guarded(env, info, "setStream", [&](Arguments& arguments) {
    const c10::Device device = deviceArgument(arguments, 0);
    const c10::Stream stream = streamArgument(arguments, 1, device);
    if (!device.is_cpu()) at::accelerator::setCurrentStream(stream);
    return undefinedValue(env);
  });
}

// waitForStream(device, stream): what is called from now on waits, on the device, for what `stream` has to do.
napi_value waitForStream(napi_env env, napi_callback_info info) {
  return guarded(env, info, "waitForStream", [&](Arguments& arguments) {
    const c10::Device device = deviceArgument(arguments, 0);
    const c10::Stream stream = streamArgument(arguments, 1, device);
    if (device.is_cpu()) return undefinedValue(env);
    c10::Event event(device.type());
    event.record(stream);
    event.block(currentStreamOf(device));
    return undefinedValue(env);
  });
}

// copyToHost(tensor): [a CPU tensor that is being written, an event that tells when it is whole]. The
// copy does not wait: it goes to pinned memory. From the CPU it is a plain copy and the event is null.
napi_value copyToHost(napi_env env, napi_callback_info info) {
  return guarded(env, info, "copyToHost", [&](Arguments& arguments) {
    const at::NoGradGuard noGrad;
    const at::Tensor source = arguments.tensor(0, "tensor").detach().contiguous();
    const c10::Device device = source.device();
    napi_value result, event;
    check(env, napi_create_array_with_length(env, 2, &result));
    at::Tensor host = at::empty_like(source, source.options().device(at::kCPU).pinned_memory(!device.is_cpu()));
    host.copy_(source, /*non_blocking=*/true);
    if (device.is_cpu()) {
      check(env, napi_get_null(env, &event));
    } else {
      c10::Event recorded(device.type());
      recorded.record(currentStreamOf(device));
      event = numberValue(env, arguments.environment.events.put(std::move(recorded)));
    }
    check(env, napi_set_element(env, result, 0, numberValue(env, arguments.environment.tensors.put(std::move(host)))));
    check(env, napi_set_element(env, result, 1, event));
    return result;
  });
}

const c10::Event& eventArgument(Arguments& arguments, size_t index) {
  const c10::Event* event = arguments.environment.events.get(arguments.number(index, "event"));
  if (!event) arguments.refuse(index, "event", "a live event");
  return *event;
}

napi_value eventReady(napi_env env, napi_callback_info info) {
  return guarded(env, info, "eventReady", [&](Arguments& arguments) { return booleanValue(env, eventArgument(arguments, 0).query()); });
}

// eventWait(event): waits for it, and frees it.
napi_value eventWait(napi_env env, napi_callback_info info) {
  return guarded(env, info, "eventWait", [&](Arguments& arguments) {
    eventArgument(arguments, 0).synchronize();
    arguments.environment.events.release(arguments.number(0, "event"));
    return undefinedValue(env);
  });
}

// eventRelease(event): frees it without waiting; false where it was freed already.
napi_value eventRelease(napi_env env, napi_callback_info info) {
  return guarded(env, info, "eventRelease", [&](Arguments& arguments) {
    return booleanValue(env, arguments.environment.events.release(arguments.number(0, "event")));
  });
}

// memory(): bytes behind the live tensors of this thread (each storage once) and, on an
// accelerator, what its allocator holds now and held at most.
napi_value memory(napi_env env, napi_callback_info info) {
  return guarded(env, info, "memory", [&](Arguments& arguments) {
    std::unordered_set<const void*> seen;
    double bytes = 0;
    arguments.environment.tensors.each([&](const at::Tensor& tensor) {
      if (tensor.defined() && tensor.has_storage() && seen.insert(tensor.storage().unsafeGetStorageImpl()).second)
        bytes += static_cast<double>(tensor.storage().nbytes());
    });
    napi_value result;
    check(env, napi_create_object(env, &result));
    setProperty(env, result, "liveTensors", numberValue(env, static_cast<double>(arguments.environment.tensors.live())));
    setProperty(env, result, "tensorBytes", numberValue(env, bytes));
    double allocated = 0, peak = 0, reserved = 0;
    const c10::Device device = currentDeviceHere();
    if (!device.is_cpu() && at::getDeviceAllocator(device.type())->initialized()) {
      const auto stats = at::accelerator::getDeviceStats(device.index());
      allocated = static_cast<double>(stats.allocated_bytes[0].current);
      peak = static_cast<double>(stats.allocated_bytes[0].peak);
      reserved = static_cast<double>(stats.reserved_bytes[0].peak);
    }
    setProperty(env, result, "deviceBytes", numberValue(env, allocated));
    setProperty(env, result, "peakDeviceBytes", numberValue(env, peak));
    setProperty(env, result, "peakReservedDeviceBytes", numberValue(env, reserved));
    return result;
  });
}

napi_value resetPeakMemory(napi_env env, napi_callback_info info) {
  return guarded(env, info, "resetPeakMemory", [&](Arguments&) {
    const c10::Device device = currentDeviceHere();
    if (!device.is_cpu() && at::getDeviceAllocator(device.type())->initialized()) at::accelerator::resetPeakStats(device.index());
    return undefinedValue(env);
  });
}

// emptyCache(): gives freed memory of the current accelerator back to its driver; it waits for the device.
napi_value emptyCache(napi_env env, napi_callback_info info) {
  return guarded(env, info, "emptyCache", [&](Arguments&) {
    const c10::Device device = currentDeviceHere();
    if (!device.is_cpu() && at::getDeviceAllocator(device.type())->initialized()) at::accelerator::emptyCache();
    return undefinedValue(env);
  });
}

// Functions of the CUDA driver. Its C interface is stable, so that no header is needed.
template <typename Function>
Function driverFunction(const char* name) {
  static void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  return driver ? reinterpret_cast<Function>(dlsym(driver, name)) : nullptr;
}

// deviceProperties(device): { name, major, minor, multiprocessors, totalBytes, freeBytes }, or null where the
// device is no CUDA device.
napi_value deviceProperties(napi_env env, napi_callback_info info) {
  return guarded(env, info, "deviceProperties", [&](Arguments& arguments) {
    const c10::Device device = deviceArgument(arguments, 0);
    napi_value result;
    check(env, napi_get_null(env, &result));
    const auto initialise = driverFunction<int (*)(unsigned)>("cuInit");
    const auto deviceAt = driverFunction<int (*)(int*, int)>("cuDeviceGet");
    const auto nameOfDevice = driverFunction<int (*)(char*, int, int)>("cuDeviceGetName");
    const auto attribute = driverFunction<int (*)(int*, int, int)>("cuDeviceGetAttribute");
    if (!device.is_cuda() || !initialise || !deviceAt || !nameOfDevice || !attribute) return result;
    constexpr int kMultiprocessors = 16, kMajor = 75, kMinor = 76;  // CUdevice_attribute
    int number = 0, major = 0, minor = 0, multiprocessors = 0;
    char name[256] = "";
    const bool known = initialise(0) == 0 && deviceAt(&number, device.index()) == 0 && nameOfDevice(name, sizeof name, number) == 0 &&
                       attribute(&major, kMajor, number) == 0 && attribute(&minor, kMinor, number) == 0 &&
                       attribute(&multiprocessors, kMultiprocessors, number) == 0;
    if (!known) throw std::runtime_error("the CUDA driver does not describe " + device.str());
    const c10::DeviceGuard guard(device);
    // Of the allocator: the driver's own count needs a context, which libtorch makes for it.
    const auto memoryInfo = reinterpret_cast<int (*)(size_t*, size_t*)>(dlsym(RTLD_DEFAULT, "cudaMemGetInfo"));
    size_t freeBytes = 0, totalBytes = 0;
    if (!memoryInfo || memoryInfo(&freeBytes, &totalBytes) != 0) throw std::runtime_error("the memory of " + device.str() + " cannot be asked for");
    check(env, napi_create_object(env, &result));
    setProperty(env, result, "name", stringValue(env, name));
    setProperty(env, result, "major", numberValue(env, major));
    setProperty(env, result, "minor", numberValue(env, minor));
    setProperty(env, result, "multiprocessors", numberValue(env, multiprocessors));
    setProperty(env, result, "totalBytes", numberValue(env, static_cast<double>(totalBytes)));
    setProperty(env, result, "freeBytes", numberValue(env, static_cast<double>(freeBytes)));
    return result;
  });
}

}  // namespace

void initDevice(napi_env env, napi_value exports) {
  exportAll(env, exports,
            {{"devices", devices},
             {"currentDevice", currentDevice},
             {"setDevice", setDevice},
             {"synchronize", synchronize},
             {"currentStream", currentStream},
             {"newStream", newStream},
             {"setStream", setStream},
             {"waitForStream", waitForStream},
             {"copyToHost", copyToHost},
             {"eventReady", eventReady},
             {"eventWait", eventWait},
             {"eventRelease", eventRelease},
             {"memory", memory},
             {"resetPeakMemory", resetPeakMemory},
             {"emptyCache", emptyCache},
             {"deviceProperties", deviceProperties}});
}

}  // namespace tunewright
