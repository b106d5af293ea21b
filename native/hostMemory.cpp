// Main memory of tensors: how much they take, and a limit above which an allocation is refused. The
// kernel refuses nothing to a process in a container but kills it, so a limit that is meant to be
// survived has to be kept by whoever allocates.
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/Exception.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "boundary.h"

namespace tunewright {

namespace {

std::atomic<int64_t> live{0}, peak{0};

// Resident bytes that the process may have; 0 for no limit. With it, what was resident and what tensors
// took when it was set.
std::atomic<int64_t> residentLimit{0}, residentThen{0}, liveThen{0};

// Bytes of this process in memory, or 0 where the system does not tell.
int64_t residentBytes() {
  static const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  char text[128];
  const ssize_t length = file < 0 ? 0 : pread(file, text, sizeof text - 1, 0);
  if (length <= 0) return 0;
  text[length] = '\0';
  char* end = nullptr;
  std::strtoll(text, &end, 10);
  return std::strtoll(end, nullptr, 10) * sysconf(_SC_PAGESIZE);
}

// Allocations since they were last counted, and the numbers of those that are to be refused.
std::atomic<int64_t> allocations{0}, firstRefused{0}, endOfRefused{0};

// Blocks below this size are not looked at one by one; the sum of them is.
constexpr int64_t kSmall = 1 << 20;

// Whether `bytes` more would exceed the limit. Far below it, counting is enough; near it, what counts is
// what the process really has, after what it has freed is given back.
bool exceeds(int64_t bytes) {
  const int64_t limit = residentLimit.load(std::memory_order_relaxed);
  if (limit == 0 || bytes < kSmall) return false;
  const int64_t counted = residentThen.load(std::memory_order_relaxed) + live.load(std::memory_order_relaxed) - liveThen.load(std::memory_order_relaxed);
  if (counted + bytes < limit - limit / 4) return false;
  if (residentBytes() + bytes <= limit) return false;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return residentBytes() + bytes > limit;
}

void release(void* data) {
  if (!data) return;
  live.fetch_sub(static_cast<int64_t>(malloc_usable_size(data)), std::memory_order_relaxed);
  c10::free_cpu(data);
}

class HostAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &release, device};
    const int64_t number = allocations.fetch_add(1, std::memory_order_relaxed) + 1;
    TORCH_CHECK_WITH(OutOfMemoryError, number < firstRefused.load(std::memory_order_relaxed) || number >= endOfRefused.load(std::memory_order_relaxed), "allocation ", number, " of ", bytes, " bytes is refused");
    TORCH_CHECK_WITH(OutOfMemoryError, !exceeds(static_cast<int64_t>(bytes)), "the memory limit of ", residentLimit.load(),
                     " bytes would be exceeded by an allocation of ", bytes, " bytes");
    void* data = c10::alloc_cpu(bytes);
    const auto size = static_cast<int64_t>(malloc_usable_size(data));
    const int64_t now = live.fetch_add(size, std::memory_order_relaxed) + size;
    int64_t most = peak.load(std::memory_order_relaxed);
    while (now > most && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
    }
    return {data, data, &release, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

// limitHostMemory(bytes): tensors are refused what would let the process have more than so many
// bytes in memory; 0 for no limit.
napi_value limitHostMemory(napi_env env, napi_callback_info info) {
  return guarded(env, info, "limitHostMemory", [&](Arguments& arguments) {
    const int64_t limit = arguments.integer(0, "bytes");
    if (limit < 0) arguments.refuse(0, "bytes", "a number of bytes, or 0 for no limit");
    residentThen = residentBytes();
    liveThen = live.load();
    residentLimit = limit;
    return undefinedValue(env);
  });
}

// Bytes that were freed and that malloc keeps for later.
double freedBytes() {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  return static_cast<double>(mallinfo2().fordblks);
#else
  return 0;
#endif
}

// hostMemory(): { residentBytes, liveBytes, peakBytes, freedBytes } of the process and of all its tensors.
napi_value hostMemory(napi_env env, napi_callback_info info) {
  return guarded(env, info, "hostMemory", [&](Arguments&) {
    napi_value result;
    check(env, napi_create_object(env, &result));
    setProperty(env, result, "residentBytes", numberValue(env, static_cast<double>(residentBytes())));
    setProperty(env, result, "liveBytes", numberValue(env, static_cast<double>(live.load())));
    setProperty(env, result, "freedBytes", numberValue(env, freedBytes()));
    setProperty(env, result, "peakBytes", numberValue(env, static_cast<double>(peak.load())));
    return result;
  });
}

// resetHostPeak(): from here on the peak of hostMemory() counts anew.
napi_value resetHostPeak(napi_env env, napi_callback_info info) {
  return guarded(env, info, "resetHostPeak", [&](Arguments&) {
    peak = live.load();
    return undefinedValue(env);
  });
}

// refuseAllocations(first, count): allocations of tensors are counted anew from 1, and so many from the first on
// are refused. Returns how many there were since the last call.
napi_value refuseAllocations(napi_env env, napi_callback_info info) {
  return guarded(env, info, "refuseAllocations", [&](Arguments& arguments) {
    const int64_t first = arguments.integer(0, "first"), count = arguments.integer(1, "count");
    if (first < 1) arguments.refuse(0, "first", "the number of an allocation, from 1");
    if (count < 0) arguments.refuse(1, "count", "a number of allocations");
    firstRefused = first;
    endOfRefused = first + count;
    return numberValue(env, static_cast<double>(allocations.exchange(0)));
  });
}

}  // namespace

void initHostMemory(napi_env env, napi_value exports) {
  // Once for all threads. It is never freed: tensors may outlive everything.
  static const bool isSet = (c10::SetCPUAllocator(new HostAllocator, 1), true);
  static_cast<void>(isSet);
  exportAll(env, exports, {{"limitHostMemory", limitHostMemory}, {"hostMemory", hostMemory}, {"resetHostPeak", resetHostPeak}, {"refuseAllocations", refuseAllocations}});
}

}  // namespace tunewright
