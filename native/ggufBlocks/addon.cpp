// The addon that makes blocks of ggml's types. It needs no libtorch and keeps no state. A wrong argument is a
// TypeError; what values the types cannot hold is said by the number of the first one.
#include <node_api.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "blocks.h"
#include "half.h"

namespace gguf {

namespace {

/// Values that are made blocks of at once: they stay in the cache.
constexpr size_t kPiece = 4096;

const BlockType* typeOf(const std::string& name) {
  for (size_t i = 0; i < simpleTypeCount; ++i) {
    if (name == simpleTypes[i].name) return &simpleTypes[i];
  }
  for (size_t i = 0; i < superTypeCount; ++i) {
    if (name == superTypes[i].name) return &superTypes[i];
  }
  return nullptr;
}

/// Values that are stored in one of the types without a scale.
struct Stored {
  enum Kind { F32, F16, BF16 } kind;
  const uint8_t* bytes;

  void read(size_t first, size_t count, float* values) const {
    if (kind == F32) {
      std::memcpy(values, bytes + 4 * first, 4 * count);
      return;
    }
    for (size_t i = 0; i < count; ++i) {
      uint16_t bits;
      std::memcpy(&bits, bytes + 2 * (first + i), 2);
      values[i] = kind == F16 ? fromHalf(bits) : fromBfloat(bits);
    }
  }
};

/// Largest size of values in blocks of 256: with a minimum of this size its sixtythird is a half still.
constexpr float kLargestInSuper = 4e6f;

/// Whether an encoded block of this type has a number that half precision cannot hold.
bool overflows(const BlockType& type, const uint8_t* block) {
  const auto infinite = [&](size_t at) {
    uint16_t bits;
    std::memcpy(&bits, block + at, 2);
    return (bits & 0x7c00u) == 0x7c00u;
  };
  if (type.bytes == 210) return infinite(208);
  if (type.elements == 256) return infinite(0) || infinite(2);
  return std::strcmp(type.name, "F32") != 0 && std::strcmp(type.name, "BF16") != 0 && infinite(0);
}

struct Work {
  Stored from;
  const BlockType* to;
  size_t blocks;
  uint8_t* out;

  /// The first value in `[first, end)` blocks that does not fit, or the number of all values.
  size_t encode(size_t first, size_t end) const {
    const size_t step = std::max<size_t>(1, kPiece / to->elements);
    std::vector<float> values(step * to->elements);
    const float largest = to->elements == 256 ? kLargestInSuper : std::numeric_limits<float>::max();
    for (; first < end; first += step) {
      const size_t count = std::min(step, end - first);
      from.read(first * to->elements, count * to->elements, values.data());
      for (size_t i = 0; i < count * to->elements; ++i) {
        if (!(std::fabs(values[i]) <= largest)) return first * to->elements + i;
      }
      to->encode(values.data(), count, out + first * to->bytes);
      for (size_t i = 0; i < count; ++i) {
        if (overflows(*to, out + (first + i) * to->bytes)) return (first + i) * to->elements;
      }
    }
    return blocks * to->elements;
  }

  size_t encodeAll(size_t threads) const {
    const size_t share = (blocks + threads - 1) / threads;
    std::vector<size_t> faults(threads, blocks * to->elements);
    std::vector<std::thread> others;
    for (size_t t = 1; t < threads; ++t) {
      others.emplace_back([&, t] { faults[t] = encode(std::min(blocks, t * share), std::min(blocks, (t + 1) * share)); });
    }
    faults[0] = encode(0, std::min(blocks, share));
    for (std::thread& other : others) other.join();
    return *std::min_element(faults.begin(), faults.end());
  }
};

struct Fault : std::exception {
  std::string text;
  explicit Fault(std::string text) : text(std::move(text)) {}
  const char* what() const noexcept override { return text.c_str(); }
};

std::string stringAt(napi_env env, napi_value value) {
  char text[16] = {};
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, text, sizeof text, &length) != napi_ok) throw Fault("a type is no string");
  return text;
}

std::pair<uint8_t*, size_t> bytesAt(napi_env env, napi_value value) {
  bool isTyped = false;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  napi_is_typedarray(env, value, &isTyped);
  if (!isTyped || napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    throw Fault("data is no Uint8Array");
  }
  return {static_cast<uint8_t*>(data), length};
}

Stored::Kind kindOf(const std::string& name) {
  if (name == "F32") return Stored::F32;
  if (name == "F16") return Stored::F16;
  if (name == "BF16") return Stored::BF16;
  throw Fault("values of type " + name + " are not read");
}

napi_value encodeBlocks(napi_env env, napi_callback_info info) noexcept {
  try {
    size_t count = 5;
    napi_value values[5];
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
    if (count < 5) throw Fault("encodeBlocks takes 5 arguments");
    const auto [bytes, length] = bytesAt(env, values[0]);
    const Stored from{kindOf(stringAt(env, values[1])), bytes};
    const BlockType* to = typeOf(stringAt(env, values[2]));
    if (!to) throw Fault("blocks of this type are not made");
    const auto [out, room] = bytesAt(env, values[3]);
    const size_t elements = length / (from.kind == Stored::F32 ? 4 : 2);
    const size_t blocks = elements / to->elements;
    if (blocks * to->elements * (from.kind == Stored::F32 ? 4 : 2) != length || room != blocks * to->bytes) {
      throw Fault("data and result are not of the same number of blocks");
    }
    double threads = 1;
    if (napi_get_value_double(env, values[4], &threads) != napi_ok || !(threads >= 1)) throw Fault("threads is no count");
    const size_t used = static_cast<size_t>(std::min(threads, 256.0));
    const size_t fault = Work{from, to, blocks, out}.encodeAll(std::max<size_t>(1, std::min(used, blocks)));
    napi_value result;
    napi_create_double(env, fault < elements ? static_cast<double>(fault) : -1, &result);
    return result;
  } catch (const Fault& fault) {
    napi_throw_type_error(env, "argument", fault.what());
  } catch (const std::exception& fault) {
    napi_throw_error(env, "native", fault.what());
  } catch (...) {
    napi_throw_error(env, "native", "unknown C++ exception");
  }
  return nullptr;
}

}  // namespace

}  // namespace gguf

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "encodeBlocks", NAPI_AUTO_LENGTH, gguf::encodeBlocks, nullptr, &function);
  napi_set_named_property(env, exports, "encodeBlocks", function);
  return exports;
}
