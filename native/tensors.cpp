// Tensors and host memory: making tensors from bytes, seeing a tensor's memory as an ArrayBuffer,
// shape and dtype, release.
#include <ATen/Functions.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstring>

#include "boundary.h"
#include "names.h"

namespace tunewright {

namespace {

struct Bytes {
  char* data = nullptr;
  size_t length = 0;
};

// The memory of an ArrayBuffer view or ArrayBuffer. It belongs to JavaScript.
Bytes bytesOf(Arguments& arguments, size_t index, const char* name) {
  napi_env env = arguments.env;
  Bytes bytes;
  bool matches = false;
  void* data = nullptr;
  if (index < arguments.count) check(env, napi_is_typedarray(env, arguments[index], &matches));
  if (matches) {
    napi_typedarray_type type;
    size_t count, offset;
    napi_value buffer;
    check(env, napi_get_typedarray_info(env, arguments[index], &type, &count, &data, &buffer, &offset));
    static constexpr size_t kWidths[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
    if (static_cast<size_t>(type) >= std::size(kWidths)) arguments.refuse(index, name, "a typed array of a known element type");
    bytes = {static_cast<char*>(data), count * kWidths[type]};
    return bytes;
  }
  if (index < arguments.count) check(env, napi_is_arraybuffer(env, arguments[index], &matches));
  if (!matches) arguments.refuse(index, name, "a typed array or an ArrayBuffer");
  check(env, napi_get_arraybuffer_info(env, arguments[index], &data, &bytes.length));
  bytes.data = static_cast<char*>(data);
  return bytes;
}

c10::ScalarType scalarTypeArgument(Arguments& arguments, size_t index) {
  const auto type = scalarTypeOf(arguments.string(index, "dtype"));
  if (!type) arguments.refuse(index, "dtype", "a dtype such as \"float32\"");
  return *type;
}

// fromBytes(bytes, shape, dtype, pinned | undefined): a new CPU tensor with a copy of the bytes; pinned memory is
// what a device can copy from while the host goes on.
napi_value fromBytes(napi_env env, napi_callback_info info) {
  return guarded(env, info, "fromBytes", [&](Arguments& arguments) {
    const std::vector<int64_t> shape = arguments.integers(1, "shape");
    const c10::ScalarType type = scalarTypeArgument(arguments, 2);
    const bool pinned = arguments.given(3) && arguments.boolean(3, "pinned");
    // Last, because a getter in `shape` may run anything, even give the buffer away.
    const Bytes bytes = bytesOf(arguments, 0, "bytes");
    uint64_t expected = c10::elementSize(type);
    for (const int64_t size : shape) {
      if (size < 0) arguments.refuse(1, "shape", "sizes of zero or more");
      if (size != 0 && expected > UINT64_MAX / static_cast<uint64_t>(size)) arguments.refuse(1, "shape", "a shape that fits the bytes");
      expected *= static_cast<uint64_t>(size);
    }
    if (expected != bytes.length) {
      const std::string text = std::to_string(expected) + " bytes for this shape and dtype (there are " + std::to_string(bytes.length) + ")";
      arguments.refuse(0, "bytes", text.c_str());
    }
    at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(type).pinned_memory(pinned));
    if (type == c10::ScalarType::Bool)  // C++ knows no boolean but 0 and 1
      std::transform(bytes.data, bytes.data + bytes.length, tensor.mutable_data_ptr<bool>(), [](char byte) { return byte != 0; });
    else if (bytes.length)
      std::memcpy(tensor.mutable_data_ptr(), bytes.data, bytes.length);
    return numberValue(env, arguments.environment.tensors.put(std::move(tensor)));
  });
}

// What keeps the memory of an ArrayBuffer that bytes() gave. Node runs finalizers only in the event loop, so that a loop which
// never returns to it has to let go by itself, with releaseBytes().
struct HeldBytes {
  c10::Storage storage;
};
constexpr napi_type_tag kHeldBytes = {0x7c1f5d0a9b3e4f62, 0x8e2ab0c4d61f7935};

// bytes(tensor): the tensor's own memory as an ArrayBuffer, without a copy. The buffer holds a
// reference to the storage, so it stays valid after the tensor is released; whoever writes to one
// writes to the other.
napi_value bytes(napi_env env, napi_callback_info info) {
  return guarded(env, info, "bytes", [&](Arguments& arguments) {
    const at::Tensor& tensor = arguments.tensor(0, "tensor");
    if (!tensor.device().is_cpu()) throw std::runtime_error("the tensor is on " + tensor.device().str() + "; move it to the cpu first");
    if (!tensor.is_contiguous()) throw std::runtime_error("the tensor is not contiguous; call contiguous() first");
    napi_value buffer;
    const size_t length = tensor.nbytes();
    if (length == 0) {
      check(env, napi_create_arraybuffer(env, 0, nullptr, &buffer));
      return buffer;
    }
    if (!tensor.mutable_data_ptr()) throw std::runtime_error("the tensor has no memory of its own; call clone() first");
    auto* held = new HeldBytes{tensor.storage()};
    const napi_status status = napi_create_external_arraybuffer(
        env, tensor.mutable_data_ptr(), length, [](napi_env, void*, void* hint) { delete static_cast<HeldBytes*>(hint); }, held, &buffer);
    if (status != napi_ok) delete held;
    check(env, status);
    check(env, napi_type_tag_object(env, buffer, &kHeldBytes));
    check(env, napi_wrap(env, buffer, held, nullptr, nullptr, nullptr));
    return buffer;
  });
}

// releaseBytes(buffer): lets go at once of the memory behind an ArrayBuffer of bytes(), which is empty from then on. False where it
// was released already, or had no bytes.
napi_value releaseBytes(napi_env env, napi_callback_info info) {
  return guarded(env, info, "releaseBytes", [&](Arguments& arguments) {
    bool isBuffer = false, isOurs = false;
    if (arguments.count > 0) check(env, napi_is_arraybuffer(env, arguments[0], &isBuffer));
    if (!isBuffer) arguments.refuse(0, "buffer", "an ArrayBuffer that bytes() gave");
    check(env, napi_check_object_type_tag(env, arguments[0], &kHeldBytes, &isOurs));
    void* held = nullptr;
    if (!isOurs || napi_remove_wrap(env, arguments[0], &held) != napi_ok) return booleanValue(env, false);
    check(env, napi_detach_arraybuffer(env, arguments[0]));
    static_cast<HeldBytes*>(held)->storage = c10::Storage();
    return booleanValue(env, true);
  });
}

napi_value describe(napi_env env, napi_callback_info info) {
  return guarded(env, info, "describe", [&](Arguments& arguments) {
    const at::Tensor& tensor = arguments.tensor(0, "tensor");
    napi_value result, shape;
    check(env, napi_create_object(env, &result));
    check(env, napi_create_array_with_length(env, tensor.dim(), &shape));
    for (int64_t i = 0; i < tensor.dim(); ++i)
      check(env, napi_set_element(env, shape, static_cast<uint32_t>(i), numberValue(env, static_cast<double>(tensor.size(i)))));
    setProperty(env, result, "shape", shape);
    setProperty(env, result, "dtype", stringValue(env, nameOf(tensor.scalar_type())));
    setProperty(env, result, "device", stringValue(env, tensor.device().str()));
    return result;
  });
}

// item(tensor): the value of a tensor of one element.
napi_value item(napi_env env, napi_callback_info info) {
  return guarded(env, info, "item", [&](Arguments& arguments) {
    const at::Tensor& tensor = arguments.tensor(0, "tensor");
    if (tensor.numel() != 1) throw std::runtime_error("a tensor with " + std::to_string(tensor.numel()) + " elements has no single value");
    const at::Scalar scalar = tensor.item();
    return scalar.isBoolean() ? numberValue(env, scalar.toBool() ? 1 : 0) : numberValue(env, scalar.toDouble());
  });
}

// share(handle): a second handle on the same tensor, for a reader that will release it.
napi_value share(napi_env env, napi_callback_info info) {
  return guarded(env, info, "share", [&](Arguments& arguments) {
    at::Tensor tensor = arguments.tensor(0, "tensor");
    return numberValue(env, arguments.environment.tensors.put(std::move(tensor)));
  });
}

// release(handle): false where it was released already.
napi_value release(napi_env env, napi_callback_info info) {
  return guarded(env, info, "release", [&](Arguments& arguments) {
    return booleanValue(env, arguments.environment.tensors.release(arguments.number(0, "tensor")));
  });
}

napi_value liveTensors(napi_env env, napi_callback_info info) {
  return guarded(env, info, "liveTensors",
                 [&](Arguments& arguments) { return numberValue(env, static_cast<double>(arguments.environment.tensors.live())); });
}

}  // namespace

void initTensors(napi_env env, napi_value exports) {
  exportAll(env, exports,
            {{"fromBytes", fromBytes},
             {"bytes", bytes},
             {"releaseBytes", releaseBytes},
             {"describe", describe},
             {"item", item},
             {"share", share},
             {"release", release},
             {"liveTensors", liveTensors}});
}

}  // namespace tunewright
