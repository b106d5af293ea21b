// bitsandbytes' shared library, reached through its C interface: block-wise 8-bit quantisation, NF4
// and paged memory. Sizes, dtypes and layout are checked here because the library itself checks nothing.
// Signatures: bitsandbytes/backends/{cpu,cuda}/ops.py of release 0.50.
#include <ATen/DeviceAccelerator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <dlfcn.h>

#include "boundary.h"
#include "names.h"

namespace tunewright {

namespace {

void* library = nullptr;

template <typename Function>
Function symbol(const std::string& name) {
  if (!library) throw std::runtime_error("bitsandbytes is not loaded; run ./tunewright setup");
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
      symbol<void (*)(const void*, const void*, void*, void*, int, int)>("cquantize_blockwise_" + suffix)(
          code.data_ptr(), values.data_ptr(), absmax.data_ptr(), out.data_ptr(), static_cast<int>(blockSize), static_cast<int>(count));
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
      symbol<void (*)(const void*, const void*, const void*, void*, int, int, void*)>("cdequantize_blockwise_" + suffix)(
          code.data_ptr(), quantized.data_ptr(), absmax.data_ptr(), out.data_ptr(), static_cast<int>(blockSize), static_cast<int>(count),
          at::accelerator::getCurrentStream(device.index()).native_handle());
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
      symbol<void (*)(const void*, const void*, const void*, void*, int, int, void*)>("cdequantize_blockwise_" + suffix + "_nf4")(
          nullptr, packed.data_ptr(), absmax.data_ptr(), out.data_ptr(), static_cast<int>(blockSize), static_cast<int>(count),
          at::accelerator::getCurrentStream(device.index()).native_handle());
    }
    return undefinedValue(env);
  });
}

// pagedBytes(bytes, deviceIndex): a uint8 tensor in memory that the CUDA driver moves between device and host.
napi_value bnbPagedBytes(napi_env env, napi_callback_info info) {
  return guarded(env, info, "bitsandbytes.pagedBytes", [&](Arguments& arguments) {
    const int64_t bytes = arguments.integer(0, "bytes"), index = arguments.integer(1, "deviceIndex");
    if (bytes < 1 || bytes > (int64_t{1} << 48)) arguments.refuse(0, "bytes", "a number of bytes from 1 to 2^48");
    if (index < 0 || index > 127) arguments.refuse(1, "deviceIndex", "the number of a CUDA device");
    void* memory = symbol<void* (*)(size_t)>("cget_managed_ptr")(static_cast<size_t>(bytes));
    if (!memory) throw std::runtime_error("no managed memory: the driver refused " + std::to_string(bytes) + " bytes");
    // The CUDA runtime that made it also frees it; it comes with bitsandbytes' library.
    const auto release = reinterpret_cast<int (*)(void*)>(dlsym(library, "cudaFree"));
    const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
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
             {"bnbPagedBytes", bnbPagedBytes}});
}

}  // namespace tunewright
