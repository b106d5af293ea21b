// Memory that tensors of the `meta` device would take. They have shapes and no memory, so that a
// computation can be rehearsed: libtorch makes the tensors that the real one would make, and this counts
// their bytes.
#include <c10/core/Allocator.h>

#include <atomic>

#include "boundary.h"

namespace tunewright {

namespace {

// Of all threads: autograd has some of its own.
std::atomic<int64_t> metaLive{0}, metaPeak{0};

struct MetaBlock {
  int64_t bytes;
};

void releaseMeta(void* context) {
  auto* block = static_cast<MetaBlock*>(context);
  if (!block) return;
  metaLive.fetch_sub(block->bytes, std::memory_order_relaxed);
  delete block;
}

class MetaAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(c10::DeviceType::Meta);
    if (bytes == 0) return {nullptr, nullptr, &releaseMeta, device};
    const int64_t now = metaLive.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed) + static_cast<int64_t>(bytes);
    int64_t most = metaPeak.load(std::memory_order_relaxed);
    while (now > most && !metaPeak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
    }
    return {nullptr, new MetaBlock{static_cast<int64_t>(bytes)}, &releaseMeta, device};
  }
  // Data and context differ, so nobody may free by the data alone.
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void*, const void*, size_t) const override {}
};

// metaMemory(): { liveBytes, peakBytes } that all meta tensors would take.
napi_value metaMemory(napi_env env, napi_callback_info info) {
  return guarded(env, info, "metaMemory", [&](Arguments&) {
    napi_value result;
    check(env, napi_create_object(env, &result));
    setProperty(env, result, "liveBytes", numberValue(env, static_cast<double>(metaLive.load())));
    setProperty(env, result, "peakBytes", numberValue(env, static_cast<double>(metaPeak.load())));
    return result;
  });
}

// resetMetaPeak(): from here on the peak of metaMemory() counts anew.
napi_value resetMetaPeak(napi_env env, napi_callback_info info) {
  return guarded(env, info, "resetMetaPeak", [&](Arguments&) {
    metaPeak = metaLive.load();
    return undefinedValue(env);
  });
}

}  // namespace

void initMetaMemory(napi_env env, napi_value exports) {
  // Once for all threads, as the allocator of main memory.
  static const bool isSet = (c10::SetAllocator(c10::DeviceType::Meta, new MetaAllocator, 1), true);
  static_cast<void>(isSet);
  exportAll(env, exports, {{"metaMemory", metaMemory}, {"resetMetaPeak", resetMetaPeak}});
}

}  // namespace tunewright
