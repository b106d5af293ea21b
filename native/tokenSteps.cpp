// What lies between the products of a layer, in one call each, where no gradient is wanted: tunewright::rms_norm_rows,
// tunewright::rotate_rows, tunewright::swiglu_rows. With one token, libtorch's chains of operators (seven for a norm, eleven for a
// rotation) take longer to call than to compute. A row's result does not depend on the others. Numbers are float32.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <cmath>
#include <cstring>

#include "parallel.h"
#include "simd.h"

namespace tunewright::steps {

namespace {

constexpr int64_t LANES = 16;

void checkRows(const at::Tensor& x, const char* name, int64_t dimensions) {
  TORCH_CHECK(x.dim() == dimensions && x.layout() == at::kStrided && x.scalar_type() == at::kFloat, name, " must be float32 of ", dimensions, " dimensions");
}

void checkHost(std::initializer_list<at::Tensor> tensors) {
  for (const at::Tensor& one : tensors) TORCH_CHECK(one.device().is_cpu(), "tensors must be on the CPU");
}

const float* dataOf(const at::Tensor& x) { return static_cast<const float*>(x.const_data_ptr()); }

TUNEWRIGHT_SIMD void normalize(const float* x, const float* weight, float* out, int64_t count, float epsilon, float offset) {
  float sums[LANES] = {};
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES)
    for (int64_t lane = 0; lane < LANES; ++lane) sums[lane] += x[i + lane] * x[i + lane];
  float sum = 0;
  for (; i < count; ++i) sum += x[i] * x[i];
  for (int64_t lane = 0; lane < LANES; ++lane) sum += sums[lane];
  const float inverse = 1.0f / std::sqrt(sum / static_cast<float>(count) + epsilon);
  for (i = 0; i < count; ++i) out[i] = x[i] * inverse * (weight[i] + offset);
}

at::Tensor emptyNorm(const at::Tensor& x, const at::Tensor& weight, double, double) {
  checkRows(x, "x", 2);
  checkRows(weight, "the weight", 1);
  TORCH_CHECK(x.size(1) == weight.size(0), "the weight must have the width of x");
  return at::empty(x.sizes(), x.options());
}

// `x / sqrt(mean(x^2) + epsilon) * (weight + offset)`; x [n, dim], weight [dim].
at::Tensor normRows(const at::Tensor& x, const at::Tensor& weight, double epsilon, double offset) {
  at::Tensor result = emptyNorm(x, weight, epsilon, offset);
  checkHost({x, weight});
  const at::Tensor source = x.contiguous(), factor = weight.contiguous();
  const int64_t width = x.size(1);
  auto* out = static_cast<float*>(result.mutable_data_ptr());
  inParallel(x.size(0), 4 * width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      normalize(dataOf(source) + row * width, dataOf(factor), out + row * width, width, static_cast<float>(epsilon), static_cast<float>(offset));
  });
  return result;
}

TUNEWRIGHT_SIMD void rotateHalves(const float* x, const float* cos, const float* sin, float* out, int64_t half) {
  for (int64_t i = 0; i < half; ++i) {
    const float first = x[i], second = x[half + i];
    out[i] = first * cos[i] - second * sin[i];
    out[half + i] = second * cos[i] + first * sin[i];
  }
}

TUNEWRIGHT_SIMD void rotateNeighbours(const float* x, const float* cos, const float* sin, float* out, int64_t half) {
  for (int64_t i = 0; i < half; ++i) {
    const float first = x[2 * i], second = x[2 * i + 1];
    out[2 * i] = first * cos[i] - second * sin[i];
    out[2 * i + 1] = second * cos[i] + first * sin[i];
  }
}

at::Tensor emptyRotation(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, bool) {
  checkRows(x, "x", 3);
  checkRows(cos, "the cosines", 3);
  checkRows(sin, "the sines", 3);
  TORCH_CHECK(cos.sizes() == sin.sizes() && cos.size(0) == x.size(0) && cos.size(1) == 1, "there must be a row of cosines and sines for each row of x");
  TORCH_CHECK(2 * cos.size(2) <= x.size(2), "heads must be as wide as what is rotated");
  return at::empty(x.sizes(), x.options());
}

// Heads rotated by their positions; x [n, heads, dim], cos and sin [n, 1, half]. Columns behind 2 half stay as they are.
at::Tensor rotateRows(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, bool neighbours) {
  at::Tensor result = emptyRotation(x, cos, sin, neighbours);
  checkHost({x, cos, sin});
  const at::Tensor source = x.size(2) < 2 || x.stride(2) == 1 ? x : x.contiguous(), cosines = cos.contiguous(), sines = sin.contiguous();
  const int64_t heads = x.size(1), width = x.size(2), half = cos.size(2);
  auto* out = static_cast<float*>(result.mutable_data_ptr());
  const auto rotate = neighbours ? rotateNeighbours : rotateHalves;
  inParallel(x.size(0), 4 * heads * width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t head = 0; head < heads; ++head) {
        const float* from = dataOf(source) + row * source.stride(0) + head * source.stride(1);
        float* to = out + (row * heads + head) * width;
        rotate(from, dataOf(cosines) + row * half, dataOf(sines) + row * half, to, half);
        if (width > 2 * half) std::memcpy(to + 2 * half, from + 2 * half, static_cast<size_t>(width - 2 * half) * sizeof(float));
      }
    }
  });
  return result;
}

// exp(x) to some 1e-7 of it, for x in about [-87, 88] and beyond that its value at the end: Cephes' expf (Moshier), which a compiler
// makes vectors of.
inline float exponential(float x) {
  x = x > 88.0f ? 88.0f : x < -87.0f ? -87.0f : x;
  const float whole = (x * 1.44269504088896341f + 12582912.0f) - 12582912.0f;
  const float rest = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float sum = 1.9875691500e-4f;
  sum = sum * rest + 1.3981999507e-3f;
  sum = sum * rest + 8.3334519073e-3f;
  sum = sum * rest + 4.1665795894e-2f;
  sum = sum * rest + 1.6666665459e-1f;
  sum = sum * rest + 5.0000001201e-1f;
  sum = sum * rest * rest + rest + 1.0f;
  const int32_t bits = (static_cast<int32_t>(whole) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

TUNEWRIGHT_SIMD void gate(const float* gates, const float* up, float* out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] = gates[i] / (1.0f + exponential(-gates[i])) * up[i];
}

at::Tensor emptyGated(const at::Tensor& both) {
  checkRows(both, "gate and up", 2);
  TORCH_CHECK(both.size(1) % 2 == 0, "gate and up must be of one width");
  return at::empty({both.size(0), both.size(1) / 2}, both.options());
}

// `silu(gate) * up`; gate and up beside each other [n, 2 width].
at::Tensor gatedRows(const at::Tensor& both) {
  at::Tensor result = emptyGated(both);
  checkHost({both});
  const at::Tensor source = both.contiguous();
  const int64_t width = result.size(1);
  auto* out = static_cast<float*>(result.mutable_data_ptr());
  inParallel(both.size(0), 16 * width, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* gates = dataOf(source) + row * 2 * width;
      gate(gates, gates + width, out + row * width, width);
    }
  });
  return result;
}

}  // namespace

}  // namespace tunewright::steps

TORCH_LIBRARY_FRAGMENT(tunewright, library) {
  library.def("rms_norm_rows(Tensor x, Tensor weight, float epsilon, float offset=0.) -> Tensor");
  library.def("rotate_rows(Tensor x, Tensor cos, Tensor sin, bool neighbours=False) -> Tensor");
  library.def("swiglu_rows(Tensor both) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunewright, CPU, library) {
  library.impl("rms_norm_rows", tunewright::steps::normRows);
  library.impl("rotate_rows", tunewright::steps::rotateRows);
  library.impl("swiglu_rows", tunewright::steps::gatedRows);
}
TORCH_LIBRARY_IMPL(tunewright, Meta, library) {
  library.impl("rms_norm_rows", tunewright::steps::emptyNorm);
  library.impl("rotate_rows", tunewright::steps::emptyRotation);
  library.impl("swiglu_rows", tunewright::steps::emptyGated);
}
