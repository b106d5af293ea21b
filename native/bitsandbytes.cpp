// bitsandbytes' shared library, reached through its C interface: block-wise 8-bit quantization, NF4
// and paged memory. Sizes, dtypes and layout are checked here because the library itself checks nothing.
// Signatures: bitsandbytes/backends/{cpu,cuda}/ops.py of release 0.50.
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/Event.h>
#include <dlfcn.h>

#include <atomic>
#include <exception>
#include <limits>

#include "boundary.h"
#include "names.h"
#include "streams.h"

namespace tunewright {

namespace {

std::atomic<void*> library = nullptr;

template <typename Function>
Function symbol(const std::string& name) {
  if (!library.load()) throw std::runtime_error("bitsandbytes is not loaded; run ./tunewright setup");
  void* address = dlsym(library, name.c_str());
  if (!address) throw std::runtime_error("this bitsandbytes has no " + name);
  return reinterpret_cast<Function>(address);
}

const char* suffixOf(Arguments& arguments, size_t index, const char* name, const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat: return "fp32";
    case at::kBFloat16: return "bf16";
    case at::kHalf: return "fp16";
    default: arguments.refuse(index, name, "a Tensor of float32, bfloat16 or float16");
  }
}

const at::Tensor& required(Arguments& arguments, size_t index, const char* name, std::optional<c10::ScalarType> type, int64_t elements,
                           c10::Device device) {
  const at::Tensor& tensor = arguments.tensor(index, name);
  if (type && tensor.scalar_type() != *type) arguments.refuse(index, name, ("a Tensor of " + nameOf(*type)).c_str());
  if (elements >= 0 && tensor.numel() != elements) arguments.refuse(index, name, ("a Tensor of " + std::to_string(elements) + " elements").c_str());
  if (!tensor.is_contiguous()) arguments.refuse(index, name, "a contiguous Tensor");
  if (!device.is_cpu() && !device.is_cuda()) arguments.refuse(index, name, "a Tensor on the cpu or a CUDA device");
  if (tensor.device() != device) arguments.refuse(index, name, ("a Tensor on " + device.str()).c_str());
  return tensor;
}

int64_t blockSizeArgument(Arguments& arguments, size_t index) {
  const int64_t size = arguments.integer(index, "blockSize");
  if (size < 16 || size > 4096 || (size & (size - 1))) arguments.refuse(index, "blockSize", "a power of two from 16 to 4096");
  return size;
}

int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

// The functions for CUDA count in 32 bits.
int intOf(Arguments& arguments, size_t index, const char* name, int64_t value) {
  if (value > std::numeric_limits<int>::max()) arguments.refuse(index, name, "at most 2^31 - 1 elements (bitsandbytes counts in 32 bits on CUDA)");
  return static_cast<int>(value);
}

// The CUDA stream that libtorch uses now on a device. What takes no stream runs on the legacy default one.
void* streamOf(c10::Device device) { return currentStreamOf(device).native_handle(); }

// For functions without a stream: they run on the default stream, which libtorch's other streams do not wait for.
class OnDefaultStream {
 public:
  explicit OnDefaultStream(c10::Device device) : current_(currentStreamOf(device)), standard_(c10::Stream::DEFAULT, device) {
    if (current_ != standard_) follow(current_, standard_);
  }
  ~OnDefaultStream() noexcept(false) {
    try {
      if (current_ != standard_) follow(standard_, current_);
    } catch (...) {
      if (std::uncaught_exceptions() == 0) throw;  // beside another exception it would end the program
    }
  }

 private:
  static void follow(const c10::Stream& first, const c10::Stream& second) {
    c10::Event event(first.device_type());
    event.record(first);
    event.block(second);
  }
  c10::Stream current_, standard_;
};

napi_value bnbLoad(napi_env env, napi_callback_info info) {
  return guarded(env, info, "bitsandbytes.load", [&](Arguments& arguments) {
    void* opened = dlopen(arguments.string(0, "path").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!opened) throw std::runtime_error(dlerror());
    library = opened;
    return undefinedValue(env);
  });
}

// quantizeBlockwise(code [256], values, absmax [blocks], out uint8, blockSize)
napi_value bnbQuantizeBlockwise(napi_env env, napi_callback_info info) {
  return guarded(env, info, "bitsandbytes.quantizeBlockwise", [&](Arguments& arguments) {
    const at::Tensor& values = arguments.tensor(1, "values");
    const c10::Device device = values.device();
    const int64_t count = values.numel(), blockSize = blockSizeArgument(arguments, 4);
    const std::string suffix = suffixOf(arguments, 1, "values", values);
    required(arguments, 1, "values", std::nullopt, count, device);
    const at::Tensor& code = required(arguments, 0, "code", at::kFloat, 256, device);
    const at::Tensor& absmax = required(arguments, 2, "absmax", at::kFloat, ceilDivide(count, blockSize), device);
    const at::Tensor& out = required(arguments, 3, "out", at::kByte, count, device);
    if (count == 0) return undefinedValue(env);
    if (device.is_cpu()) {
      symbol<void (*)(const void*, const void*, void*, void*, long long, long long)>("cquantize_blockwise_cpu_" + suffix)(
          code.data_ptr(), values.data_ptr(), absmax.data_ptr(), out.data_ptr(), blockSize, count);
    } else {
      const c10::DeviceGuard guard(device);
      const OnDefaultStream onDefaultStream(device);
      symbol<void (*)(const void*, const void*, void*, void*, int, int)>("cquantize_blockwise_" + suffix)(
          code.data_ptr(), values.data_ptr(), absmax.data_ptr(), out.data_ptr(), static_cast<int>(blockSize), intOf(arguments, 1, "values", count));
    }
    return undefinedValue(env);
  });
}

// dequantizeBlockwise(code [256], quantized uint8, absmax [blocks], out, blockSize)
napi_value bnbDequantizeBlockwise(napi_env env, napi_callback_info info) {
  return guarded(env, info, "bitsandbytes.dequantizeBlockwise", [&](Arguments& arguments) {
    const at::Tensor& out = arguments.tensor(3, "out");
    const c10::Device device = out.device();
    const int64_t count = out.numel(), blockSize = blockSizeArgument(arguments, 4);
    const std::string suffix = suffixOf(arguments, 3, "out", out);
    required(arguments, 3, "out", std::nullopt, count, device);
    const at::Tensor& code = required(arguments, 0, "code", at::kFloat, 256, device);
    const at::Tensor& quantized = required(arguments, 1, "quantized", at::kByte, count, device);
    const at::Tensor& absmax = required(arguments, 2, "absmax", at::kFloat, ceilDivide(count, blockSize), device);
    if (count == 0) return undefinedValue(env);
    if (device.is_cpu()) {
      symbol<void (*)(const void*, const void*, const void*, void*, long long, long long)>("cdequantize_blockwise_cpu_" + suffix)(
          code.data_ptr(), quantized.data_ptr(), absmax.data_ptr(), out.data_ptr(), blockSize, count);
    } else {
      const c10::DeviceGuard guard(device);
      symbol<void (*)(const void*, const void*, const void*, void*, int, int, void*)>("cdequantize_blockwise_" + suffix)(
          code.data_ptr(), quantized.data_ptr(), absmax.data_ptr(), out.data_ptr(), static_cast<int>(blockSize), intOf(arguments, 3, "out", count),
          streamOf(device));
    }
    return undefinedValue(env);
  });
}

// dequantizeNf4(packed uint8 [ceil(n / 2)], absmax [ceil(n / blockSize)], out [rows, columns], blockSize)
napi_value bnbDequantizeNf4(napi_env env, napi_callback_info info) {
  return guarded(env, info, "bitsandbytes.dequantizeNf4", [&](Arguments& arguments) {
    const at::Tensor& out = arguments.tensor(2, "out");
    const c10::Device device = out.device();
    const int64_t count = out.numel(), blockSize = blockSizeArgument(arguments, 3);
    const std::string suffix = suffixOf(arguments, 2, "out", out);
    required(arguments, 2, "out", std::nullopt, count, device);
    const at::Tensor& packed = required(arguments, 0, "packed", at::kByte, ceilDivide(count, 2), device);
    const at::Tensor& absmax = required(arguments, 1, "absmax", at::kFloat, ceilDivide(count, blockSize), device);
    if (count == 0) return undefinedValue(env);
    if (device.is_cpu()) {
      if (count % 2) arguments.refuse(2, "out", "a Tensor with an even number of elements (the CPU kernel of bitsandbytes needs it)");
      // Blocks run on from row to row, but the kernel for AVX-512 takes each row to begin a new one: rows
      // are as long as suits it, since the memory is the same.
      const int64_t last = out.dim() < 2 ? count : out.size(-1);
      const int64_t columns = last % blockSize == 0 ? last : count % blockSize == 0 ? blockSize : count;
      symbol<void (*)(const void*, const void*, void*, long long, long long, long long)>("cdequantize_blockwise_cpu_nf4_" + suffix)(
          packed.data_ptr(), absmax.data_ptr(), out.data_ptr(), blockSize, count / columns, columns);
    } else {
      const c10::DeviceGuard guard(device);
      symbol<void (*)(const void*, const void*, const void*, void*, int, int, void*)>("cdequantize_blockwise_" + suffix + "_nf4")(
          nullptr, packed.data_ptr(), absmax.data_ptr(), out.data_ptr(), static_cast<int>(blockSize), intOf(arguments, 2, "out", count), streamOf(device));
    }
    return undefinedValue(env);
  });
}

// linearNf4(x [m, k], packed uint8 [n * k / 2], codes uint8 [blocks], nestedAbsmax [ceil(blocks / 256)], nestedCode [256],
// offset [], out [m, n], bias [n] | null, blockSize): out = x Wᵀ + bias on CUDA, without W ever in memory.
napi_value bnbLinearNf4(napi_env env, napi_callback_info info) {
  return guarded(env, info, "bitsandbytes.linearNf4", [&](Arguments& arguments) {
    const at::Tensor& x = arguments.tensor(0, "x");
    const c10::Device device = x.device();
    if (!device.is_cuda()) arguments.refuse(0, "x", "a Tensor on a CUDA device");
    const at::Tensor& out = arguments.tensor(6, "out");
    const int64_t blockSize = blockSizeArgument(arguments, 8);
    const std::string suffix = suffixOf(arguments, 0, "x", x);
    if (x.dim() != 2 || x.size(1) % blockSize != 0) arguments.refuse(0, "x", "a Tensor [m, k] where the block size divides k");
    if (out.dim() != 2 || out.size(0) != x.size(0)) arguments.refuse(6, "out", "a Tensor [m, n]");
    const int64_t m = x.size(0), k = x.size(1), n = out.size(1), blocks = n * (k / blockSize);
    required(arguments, 0, "x", std::nullopt, m * k, device);
    required(arguments, 6, "out", x.scalar_type(), m * n, device);
    const at::Tensor& packed = required(arguments, 1, "packed", at::kByte, n * k / 2, device);
    const at::Tensor& codes = required(arguments, 2, "codes", at::kByte, blocks, device);
    const at::Tensor& nestedAbsmax = required(arguments, 3, "nestedAbsmax", at::kFloat, ceilDivide(blocks, 256), device);
    const at::Tensor& nestedCode = required(arguments, 4, "nestedCode", at::kFloat, 256, device);
    const at::Tensor& offset = required(arguments, 5, "offset", at::kFloat, 1, device);
    const napi_valuetype biasType = arguments.typeOf(7);
    const bool biased = biasType != napi_null && biasType != napi_undefined;
    const void* bias = biased ? required(arguments, 7, "bias", x.scalar_type(), n, device).data_ptr() : nullptr;
    if (m == 0 || n == 0 || k == 0) return undefinedValue(env);
    const int rows = intOf(arguments, 0, "x", m), columns = intOf(arguments, 6, "out", n), inner = intOf(arguments, 0, "x", k);
    constexpr int kNf4 = 2;
    const c10::DeviceGuard guard(device);
    symbol<void (*)(const void*, const void*, const void*, const void*, const void*, const void*, void*, const void*, int, int, int, int, int, void*)>(
        "cgemm_4bit_" + suffix)(x.data_ptr(), packed.data_ptr(), nestedAbsmax.data_ptr(), codes.data_ptr(), nestedCode.data_ptr(),
                                offset.data_ptr(), out.data_ptr(), bias, rows, columns, inner, static_cast<int>(blockSize), kNf4, streamOf(device));
    return undefinedValue(env);
  });
}

// prefetch(tensor): asks the driver to bring memory of pagedBytes() to its device before it is used.
napi_value bnbPrefetch(napi_env env, napi_callback_info info) {
  return guarded(env, info, "bitsandbytes.prefetch", [&](Arguments& arguments) {
    const at::Tensor& paged = arguments.tensor(0, "paged");
    const c10::Device device = paged.device();
    if (!device.is_cuda() || !paged.is_contiguous()) arguments.refuse(0, "paged", "a contiguous Tensor over pagedBytes()");
    if (paged.nbytes() == 0) return undefinedValue(env);
    const c10::DeviceGuard guard(device);
    const OnDefaultStream onDefaultStream(device);
    symbol<void (*)(void*, size_t, int)>("cprefetch")(paged.data_ptr(), paged.nbytes(), device.index());
    return undefinedValue(env);
  });
}

// pagedBytes(bytes, deviceIndex): a uint8 tensor in memory that the CUDA driver moves between device and host.
napi_value bnbPagedBytes(napi_env env, napi_callback_info info) {
  return guarded(env, info, "bitsandbytes.pagedBytes", [&](Arguments& arguments) {
    const int64_t bytes = arguments.integer(0, "bytes"), index = arguments.integer(1, "deviceIndex");
    if (bytes < 1 || bytes > (int64_t{1} << 48)) arguments.refuse(0, "bytes", "a number of bytes from 1 to 2^48");
    if (index < 0 || index > 127) arguments.refuse(1, "deviceIndex", "the number of a CUDA device");
    const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
    const c10::OptionalDeviceGuard guard(c10::impl::hasDeviceGuardImpl(device.type()) ? std::optional(device) : std::nullopt);
    void* memory = symbol<void* (*)(size_t)>("cget_managed_ptr")(static_cast<size_t>(bytes));
    if (!memory) throw std::runtime_error("no managed memory: the driver refused " + std::to_string(bytes) + " bytes");
    // The CUDA runtime that made it also frees it; it comes with bitsandbytes' library.
    const auto release = reinterpret_cast<int (*)(void*)>(dlsym(library, "cudaFree"));
    at::Tensor tensor = at::for_blob(memory, {bytes})
                            .deleter([release](void* pointer) {
                              if (release) release(pointer);
                            })
                            .target_device(device)
                            .options(at::TensorOptions().dtype(at::kByte).device(device))
                            .make_tensor();
    return numberValue(env, arguments.environment.tensors.put(std::move(tensor)));
  });
}

}  // namespace

void initBitsandbytes(napi_env env, napi_value exports) {
  exportAll(env, exports,
            {{"bnbLoad", bnbLoad},
             {"bnbQuantizeBlockwise", bnbQuantizeBlockwise},
             {"bnbDequantizeBlockwise", bnbDequantizeBlockwise},
             {"bnbDequantizeNf4", bnbDequantizeNf4},
             {"bnbLinearNf4", bnbLinearNf4},
             {"bnbPrefetch", bnbPrefetch},
             {"bnbPagedBytes", bnbPagedBytes}});
}

}  // namespace tunewright
