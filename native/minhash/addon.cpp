// The addon of deduplication: signatures, shingle hashes, band keys, SimHash. It needs no libtorch and keeps
// no state, so that any number of worker threads may use it. Every function turns a C++ exception into a
// JavaScript error: one with the code "argument" for a wrong argument.
#include <node_api.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "common.h"
#include "kernels.h"
#include "shingles.h"

namespace minhash {

namespace {

struct ArgumentFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// A JavaScript exception is pending already.
struct Pending {};

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) throw Pending{};
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  throw std::runtime_error(info && info->error_message ? info->error_message : "Node-API call failed");
}

struct Arguments {
  static constexpr size_t kMost = 8;
  napi_env env;
  size_t count = kMost;
  napi_value values[kMost];

  Arguments(napi_env env, napi_callback_info info) : env(env) {
    check(env, napi_get_cb_info(env, info, &count, values, nullptr, nullptr));
    count = std::min(count, kMost);
  }

  [[noreturn]] static void refuse(const char* name, const std::string& expected) {
    throw ArgumentFault(std::string(name) + "\t" + expected);
  }

  napi_value at(size_t index, const char* name, const char* expected) const {
    if (index >= count) refuse(name, expected);
    return values[index];
  }

  uint32_t whole(size_t index, const char* name, uint32_t least, uint32_t most) const {
    const std::string expected = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    napi_value value = at(index, name, expected.c_str());
    napi_valuetype type;
    check(env, napi_typeof(env, value, &type));
    if (type != napi_number) refuse(name, expected);
    double number;
    check(env, napi_get_value_double(env, value, &number));
    if (!(number >= least && number <= most) || number != std::floor(number)) refuse(name, expected);
    return static_cast<uint32_t>(number);
  }

  bool boolean(size_t index, const char* name) const {
    napi_value value = at(index, name, "a boolean");
    napi_valuetype type;
    check(env, napi_typeof(env, value, &type));
    if (type != napi_boolean) refuse(name, "a boolean");
    bool result;
    check(env, napi_get_value_bool(env, value, &result));
    return result;
  }

  template <typename T>
  std::pair<const T*, size_t> typed(size_t index, const char* name, napi_typedarray_type wanted, const char* expected) const {
    napi_value value = at(index, name, expected);
    bool isTyped = false;
    check(env, napi_is_typedarray(env, value, &isTyped));
    if (!isTyped) refuse(name, expected);
    napi_typedarray_type type;
    size_t length;
    void* data = nullptr;
    check(env, napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr));
    if (type != wanted) refuse(name, expected);
    return {static_cast<const T*>(data), length};
  }

  uint32_t texts(size_t index) const {
    napi_value value = at(index, "texts", "an array of strings");
    bool isArray = false;
    check(env, napi_is_array(env, value, &isArray));
    if (!isArray) refuse("texts", "an array of strings");
    uint32_t length;
    check(env, napi_get_array_length(env, value, &length));
    return length;
  }

  void text(size_t index, uint32_t element, std::u16string& out) const {
    napi_value value;
    napi_valuetype type;
    check(env, napi_get_element(env, values[index], element, &value));
    check(env, napi_typeof(env, value, &type));
    if (type != napi_string) refuse("texts", "an array of strings");
    size_t length = 0;
    check(env, napi_get_value_string_utf16(env, value, nullptr, 0, &length));
    out.resize(length + 1);
    check(env, napi_get_value_string_utf16(env, value, out.data(), length + 1, &length));
    out.resize(length);
  }
};

template <typename Body>
napi_value guarded(napi_env env, napi_callback_info info, Body&& body) noexcept {
  try {
    const Arguments arguments(env, info);
    return body(arguments);
  } catch (const Pending&) {
  } catch (const ArgumentFault& fault) {
    napi_throw_type_error(env, "argument", fault.what());
  } catch (const std::exception& fault) {
    napi_throw_error(env, "native", fault.what());
  } catch (...) {
    napi_throw_error(env, "native", "unknown C++ exception");
  }
  return nullptr;
}

// The memory belongs to JavaScript. A loop that fills it must not call back into JavaScript.
template <typename T>
std::pair<T*, napi_value> typedArray(napi_env env, napi_typedarray_type type, size_t length) {
  void* data = nullptr;
  napi_value buffer, array;
  check(env, napi_create_arraybuffer(env, length * sizeof(T), &data, &buffer));
  check(env, napi_create_typedarray(env, type, length, buffer, 0, &array));
  return {static_cast<T*>(data), array};
}

constexpr uint32_t kMostPermutations = 1 << 16;

struct Shape {
  Unit unit;
  uint32_t each;
  bool whole;
  const Kernels& kernels;
};

// Arguments 1 to 4 of the functions that read texts.
Shape shapeOf(const Arguments& arguments) {
  const auto unit = static_cast<Unit>(arguments.whole(1, "unit", 0, kUnits - 1));
  const uint32_t each = arguments.whole(2, "ngram", 1, 1000);
  const bool whole = arguments.boolean(3, "whole");
  const auto set = static_cast<InstructionSet>(arguments.whole(4, "instructionSet", 0, 2));
  if (!supports(set)) Arguments::refuse("instructionSet", "one that this processor has");
  return {unit, each, whole, kernels(set)};
}

// Argument 5 of the functions that read texts: a copy, since an element of `texts` may be a getter that gives its
// memory away.
Common commonOf(const Arguments& arguments) {
  const auto [hashes, count] = arguments.typed<uint64_t>(5, "common", napi_biguint64_array, "a BigUint64Array");
  return Common(hashes, count);
}

template <typename Use>
void forEachText(const Arguments& arguments, const Shape& shape, const Common& common, Use&& use) {
  const uint32_t count = arguments.texts(0);
  Shingles shingles;
  Hasher hasher(shape.kernels);
  std::u16string text;
  std::vector<uint32_t> first, second;
  for (uint32_t i = 0; i < count; ++i) {
    napi_handle_scope scope;
    check(arguments.env, napi_open_handle_scope(arguments.env, &scope));
    try {
      arguments.text(0, i, text);
    } catch (...) {
      napi_close_handle_scope(arguments.env, scope);
      throw;
    }
    check(arguments.env, napi_close_handle_scope(arguments.env, scope));
    shingles.read(text.data(), text.size(), shape.unit, shape.each, shape.whole);
    hasher.hash(shingles, first, second);
    common.leaveOut(first, second);
    use(first, second, shingles.isShort());
  }
}

// signatures(texts, unit, ngram, whole, instructionSet, common, a, b) -> Uint32Array [texts, permutations]
napi_value signatures(napi_env env, napi_callback_info info) {
  return guarded(env, info, [&](const Arguments& arguments) {
    const Shape shape = shapeOf(arguments);
    const auto [a, permutations] = arguments.typed<uint64_t>(6, "a", napi_biguint64_array, "a BigUint64Array");
    const auto [b, offsets] = arguments.typed<uint64_t>(7, "b", napi_biguint64_array, "a BigUint64Array");
    if (permutations < 1 || permutations > kMostPermutations) Arguments::refuse("a", "1 to 65536 numbers");
    if (offsets != permutations) Arguments::refuse("b", "as many numbers as a");
    const Common common = commonOf(arguments);
    const size_t rounded = (permutations + kLanes - 1) / kLanes * kLanes;
    // Copies: an element of `texts` may be a getter that gives a's memory away.
    std::vector<uint64_t> multipliers(rounded), additions(rounded);
    std::copy(a, a + permutations, multipliers.begin());
    std::copy(b, b + permutations, additions.begin());
    const size_t numbers = permutations;
    std::vector<uint32_t> minima(rounded), rows;
    forEachText(arguments, shape, common, [&](std::vector<uint32_t>& first, const std::vector<uint32_t>& second, bool isShort) {
      // Two of a hundred thousand short texts have 32 bits in common, and would be equal by one hash alone.
      if (isShort) first.push_back(second[0]);
      shape.kernels.minimise(first.data(), first.size(), multipliers.data(), additions.data(), rounded, minima.data());
      rows.insert(rows.end(), minima.begin(), minima.begin() + static_cast<ptrdiff_t>(numbers));
    });
    const auto [out, array] = typedArray<uint32_t>(env, napi_uint32_array, rows.size());
    std::copy(rows.begin(), rows.end(), out);
    return array;
  });
}

// shingleHashes([text], unit, ngram, whole, instructionSet, common) -> BigUint64Array, sorted, each once
napi_value shingleHashes(napi_env env, napi_callback_info info) {
  return guarded(env, info, [&](const Arguments& arguments) {
    const Shape shape = shapeOf(arguments);
    const Common common = commonOf(arguments);
    std::vector<uint64_t> hashes;
    forEachText(arguments, shape, common, [&](const std::vector<uint32_t>& first, const std::vector<uint32_t>& second, bool) {
      for (size_t i = 0; i < first.size(); ++i) hashes.push_back(wholeHash(first[i], second[i]));
    });
    std::sort(hashes.begin(), hashes.end());
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
    const auto [out, array] = typedArray<uint64_t>(env, napi_biguint64_array, hashes.size());
    std::copy(hashes.begin(), hashes.end(), out);
    return array;
  });
}

// jaccard(left, right) of two results of shingleHashes -> number
napi_value jaccard(napi_env env, napi_callback_info info) {
  return guarded(env, info, [&](const Arguments& arguments) {
    const auto [left, leftCount] = arguments.typed<uint64_t>(0, "left", napi_biguint64_array, "a BigUint64Array");
    const auto [right, rightCount] = arguments.typed<uint64_t>(1, "right", napi_biguint64_array, "a BigUint64Array");
    size_t common = 0;
    for (size_t i = 0, j = 0; i < leftCount && j < rightCount;) {
      if (left[i] == right[j]) ++common;
      const bool stepLeft = left[i] <= right[j], stepRight = right[j] <= left[i];
      i += stepLeft;
      j += stepRight;
    }
    const size_t all = leftCount + rightCount - common;
    napi_value result;
    check(env, napi_create_double(env, all == 0 ? 1.0 : static_cast<double>(common) / static_cast<double>(all), &result));
    return result;
  });
}

// The finaliser of SplitMix64 (public domain).
uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// bandKeys(signatures, permutations, bands, rows) -> BigUint64Array [bands, texts]: 64 bits that stand for the
// numbers of a band.
napi_value bandKeys(napi_env env, napi_callback_info info) {
  return guarded(env, info, [&](const Arguments& arguments) {
    const auto [numbers, length] = arguments.typed<uint32_t>(0, "signatures", napi_uint32_array, "a Uint32Array");
    const uint32_t permutations = arguments.whole(1, "permutations", 1, kMostPermutations);
    const uint32_t bands = arguments.whole(2, "bands", 1, permutations);
    const uint32_t rows = arguments.whole(3, "rows", 1, permutations / bands);
    if (length % permutations != 0) Arguments::refuse("signatures", "a multiple of the permutations");
    const size_t texts = length / permutations;
    const auto [out, array] = typedArray<uint64_t>(env, napi_biguint64_array, bands * texts);
    for (size_t text = 0; text < texts; ++text) {
      const uint32_t* signature = numbers + text * permutations;
      for (uint32_t band = 0; band < bands; ++band) {
        uint64_t key = 0x9e3779b97f4a7c15u;
        for (uint32_t row = 0; row < rows; ++row) key = mixed(key + signature[band * rows + row] + 0x9e3779b97f4a7c15u);
        out[band * texts + text] = key;
      }
    }
    return array;
  });
}

// equalKeys(keys) -> Uint32Array: index and smallest index of the same key, for each key that is not the first
napi_value equalKeys(napi_env env, napi_callback_info info) {
  return guarded(env, info, [&](const Arguments& arguments) {
    const auto [keys, count] = arguments.typed<uint64_t>(0, "keys", napi_biguint64_array, "a BigUint64Array");
    if (count > UINT32_MAX) Arguments::refuse("keys", "fewer than 2^32 numbers");
    std::vector<std::pair<uint64_t, uint32_t>> sorted(count);
    for (size_t i = 0; i < count; ++i) sorted[i] = {keys[i], static_cast<uint32_t>(i)};
    std::sort(sorted.begin(), sorted.end());
    std::vector<uint32_t> pairs;
    for (size_t i = 1, first = 0; i < count; ++i) {
      if (sorted[i].first != sorted[first].first) {
        first = i;
      } else {
        pairs.push_back(sorted[i].second);
        pairs.push_back(sorted[first].second);
      }
    }
    const auto [out, array] = typedArray<uint32_t>(env, napi_uint32_array, pairs.size());
    std::copy(pairs.begin(), pairs.end(), out);
    return array;
  });
}

// simHashes(texts, unit, ngram, whole, instructionSet, common) -> BigUint64Array [texts]: bit i is set where more than
// half of the shingles' hashes have it.
napi_value simHashes(napi_env env, napi_callback_info info) {
  return guarded(env, info, [&](const Arguments& arguments) {
    const Shape shape = shapeOf(arguments);
    const Common common = commonOf(arguments);
    std::vector<uint64_t> results;
    forEachText(arguments, shape, common, [&](const std::vector<uint32_t>& first, const std::vector<uint32_t>& second, bool) {
      uint32_t counts[64] = {};
      for (size_t i = 0; i < first.size(); ++i) {
        for (uint32_t bit = 0; bit < 32; ++bit) counts[bit] += (first[i] >> bit) & 1;
        for (uint32_t bit = 0; bit < 32; ++bit) counts[32 + bit] += (second[i] >> bit) & 1;
      }
      uint64_t hash = 0;
      for (uint32_t bit = 0; bit < 64; ++bit) hash |= static_cast<uint64_t>(2 * static_cast<uint64_t>(counts[bit]) > first.size()) << bit;
      results.push_back(hash);
    });
    const auto [out, array] = typedArray<uint64_t>(env, napi_biguint64_array, results.size());
    std::copy(results.begin(), results.end(), out);
    return array;
  });
}

// instructionSet() -> number of the best one that this processor has
napi_value instructionSet(napi_env env, napi_callback_info info) {
  return guarded(env, info, [&](const Arguments&) {
    uint32_t best = 0;
    for (uint32_t set = 0; set <= 2; ++set) {
      if (supports(static_cast<InstructionSet>(set))) best = set;
    }
    napi_value result;
    check(env, napi_create_uint32(env, best, &result));
    return result;
  });
}

}  // namespace

}  // namespace minhash

NAPI_MODULE_INIT() {
  const std::pair<const char*, napi_callback> functions[] = {
      {"signatures", minhash::signatures}, {"shingleHashes", minhash::shingleHashes}, {"jaccard", minhash::jaccard},
      {"bandKeys", minhash::bandKeys},     {"equalKeys", minhash::equalKeys},         {"simHashes", minhash::simHashes},
      {"instructionSet", minhash::instructionSet},
  };
  for (const auto& [name, callback] : functions) {
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) != napi_ok) return nullptr;
    if (napi_set_named_property(env, exports, name, function) != napi_ok) return nullptr;
  }
  return exports;
}
