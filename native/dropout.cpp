// tunewright::counter_dropout: dropout whose mask is a function of (key, element index) and of
// nothing else, so that recomputing a block or resuming a run repeats it exactly. It is registered
// with the dispatcher and called like any other operator. The reason that it exists: libtorch's
// bernoulli_ draws from one sequential stream, at more than the cost of the matrix products around
// it (on two cores 78 ms against 36 for a 7,516 x 1,536 input).
#include <ATen/TensorIterator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include <cstring>

#include "simd.h"

namespace {

// Thirty-two well mixed bits of a counter: a Weyl step and the finaliser of MurmurHash3 (public
// domain), entered with the two halves of the key.
inline uint32_t bitsAt(uint32_t index, uint32_t low, uint32_t high) {
  uint32_t x = index * 0x9e3779b1u + low;
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x ^= high;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return x ^ (x >> 16);
}

// Keys that differ in a few bits become unrelated ones: the finaliser of SplitMix64 (public domain).
inline uint64_t mixed(uint64_t key) {
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
  key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
  return key ^ (key >> 31);
}

TUNEWRIGHT_SIMD void dropFloats(const float* input, float* output, int64_t first, int64_t count, uint32_t low, uint32_t high, uint32_t threshold,
                                float scale) {
  for (int64_t i = 0; i < count; ++i) output[i] = bitsAt(static_cast<uint32_t>(first + i), low, high) < threshold ? 0.0f : input[i] * scale;
}

// bfloat16 is the upper half of a float; rounding is to nearest, ties to even.
TUNEWRIGHT_SIMD void dropBrainFloats(const uint16_t* input, uint16_t* output, int64_t first, int64_t count, uint32_t low, uint32_t high,
                                     uint32_t threshold, float scale) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t wide = static_cast<uint32_t>(input[i]) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    value *= scale;
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const uint32_t rounded = value != value ? bits | 0x00400000u : bits + 0x7fffu + ((bits >> 16) & 1u);
    output[i] = bitsAt(static_cast<uint32_t>(first + i), low, high) < threshold ? 0 : static_cast<uint16_t>(rounded >> 16);
  }
}

// The mask of a part of a tensor is that of the whole from its `firstElement` on.
at::Tensor counterDropout(const at::Tensor& input, double p, int64_t key, int64_t firstElement) {
  TORCH_CHECK(p >= 0 && p < 1, "p must be at least 0 and less than 1, got ", p);
  TORCH_CHECK(firstElement >= 0 && firstElement <= UINT32_MAX - input.numel(), "elements are numbered from 0 to 2^32");
  TORCH_CHECK(input.scalar_type() == at::kFloat || input.scalar_type() == at::kBFloat16, "the input must be float32 or bfloat16");
  const at::Tensor source = input.contiguous();
  at::Tensor result = at::empty_like(source);
  const uint64_t bits = mixed(static_cast<uint64_t>(key) + 0x9e3779b97f4a7c15u);
  const auto low = static_cast<uint32_t>(bits), high = static_cast<uint32_t>(bits >> 32);
  const auto threshold = static_cast<uint32_t>(p * 4294967296.0);
  const auto scale = static_cast<float>(1.0 / (1.0 - p));
  // The iterator's loop runs on libtorch's threads; at::parallel_for is a template that would need
  // this file to be compiled for the OpenMP runtime that this libtorch came with.
  auto iterator = at::TensorIteratorConfig().add_output(result).add_const_input(source).build();
  const auto* first = static_cast<const char*>(source.const_data_ptr());
  const auto elementSize = static_cast<int64_t>(source.element_size());
  const bool brainFloat = source.scalar_type() == at::kBFloat16;
  iterator.for_each([&](char** data, const int64_t* strides, int64_t inner, int64_t outer) {
    for (int64_t row = 0; row < outer; ++row) {
      char* output = data[0] + row * strides[2];
      const char* input = data[1] + row * strides[3];
      const int64_t begin = firstElement + (input - first) / elementSize;
      if (brainFloat)
        dropBrainFloats(reinterpret_cast<const uint16_t*>(input), reinterpret_cast<uint16_t*>(output), begin, inner, low, high, threshold, scale);
      else
        dropFloats(reinterpret_cast<const float*>(input), reinterpret_cast<float*>(output), begin, inner, low, high, threshold, scale);
    }
  });
  return result;
}

}  // namespace

TORCH_LIBRARY(tunewright, library) { library.def("counter_dropout(Tensor input, float p, int key, int first_element=0) -> Tensor"); }
TORCH_LIBRARY_IMPL(tunewright, CPU, library) { library.impl("counter_dropout", counterDropout); }
