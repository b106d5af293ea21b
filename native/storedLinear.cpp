// tunewright::stored_linear: `x Wᵀ + b` for a few rows of x, with W as it is stored: ggml's blocks, NF4, float16, bfloat16 or
// float32. Where a few tokens are computed, the time is that of reading the weights, and these are read as few bytes and made
// float32 in registers: the values, and so the answers, are those of the float32 weights. libtorch has products of 8 and 4 bits
// (_weight_int8pack_mm, _weight_int4pack_mm_for_cpu), but of weights that are quantized anew by other scales.
// tunewright::stored_values gives the float32 weights, tunewright::store_nf4 NF4 in the order of ggml's blocks.
#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Half.h>
#include <torch/library.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "parallel.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define TUNEWRIGHT_STORED_X86
#include <immintrin.h>
#endif

namespace tunewright::stored {

namespace {

// ggml's numbers of its types, and one of our own.
enum Type : int64_t { F32 = 0, F16 = 1, Q4_0 = 2, Q4_1 = 3, Q5_0 = 6, Q5_1 = 7, Q8_0 = 8, Q4_K = 12, Q5_K = 13, Q6_K = 14, BF16 = 30, NF4 = 1000 };

// Rows of a weight that belong together in a kernel.
constexpr int64_t TILE = 4;

// As bitsandbytes numbers them (Dettmers et al., 2023, arXiv 2305.14314, appendix E).
alignas(64) const float nf4Codes[16] = {-1.0f,
                                        -0.6961928009986877f,
                                        -0.5250730514526367f,
                                        -0.39491748809814453f,
                                        -0.28444138169288635f,
                                        -0.18477343022823334f,
                                        -0.09105003625154495f,
                                        0.0f,
                                        0.07958029955625534f,
                                        0.16093020141124725f,
                                        0.24611230194568634f,
                                        0.33791524171829224f,
                                        0.44070982933044434f,
                                        0.5626170039176941f,
                                        0.7229568362236023f,
                                        1.0f};

struct Weight {
  const uint8_t* data;
  int64_t stride;  // bytes from row to row
};

struct Inputs {
  const float* data;
  int64_t rows, columns, stride;
};

struct Outputs {
  void* data;
  bool isBrainFloat;
  int64_t stride;
  int64_t firstColumn;
  const float* bias;

  void put(int64_t row, int64_t out, float value) const {
    const int64_t column = firstColumn + out;
    if (bias) value += bias[column];
    if (isBrainFloat)
      static_cast<c10::BFloat16*>(data)[row * stride + column] = c10::BFloat16(value);
    else
      static_cast<float*>(data)[row * stride + column] = value;
  }
};

struct Kernels {
  int64_t block = 0, bytes = 0;
  void (*multiply)(const Weight&, const Inputs&, int64_t, int64_t, Outputs&) = nullptr;
  void (*values)(const Weight&, int64_t, int64_t, int64_t, float*) = nullptr;
};

namespace plain {
#define STORED_TARGET
#define STORED_LANES 4
typedef float FourFloats __attribute__((vector_size(16)));
typedef int32_t FourInts __attribute__((vector_size(16)));
template <typename Stored, typename Four, typename Convert>
Four four(const uint8_t* from, const Convert& convert) {
  Four made;
  for (int64_t i = 0; i < 4; ++i) {
    Stored stored;
    std::memcpy(&stored, from + i * sizeof stored, sizeof stored);
    made[i] = convert(stored);
  }
  return made;
}
inline float halfOf(uint16_t bits) { return c10::detail::fp16_ieee_to_fp32_value(bits); }
inline int32_t whole(int32_t value) { return value; }
#define STORED_BYTES(from) four<uint8_t, FourInts>(from, whole)
#define STORED_SIGNED_BYTES(from) four<int8_t, FourInts>(from, whole)
#define STORED_WORDS(from) four<uint16_t, FourInts>(from, whole)
#define STORED_HALFS(from) four<uint16_t, FourFloats>(from, halfOf)
#define STORED_HALF(bits) halfOf(bits)
#define STORED_LOOKUP(table, codes) table  // only where there are 16 lanes
#include "storedLanes.h"
#undef STORED_TARGET
#undef STORED_LANES
#undef STORED_BYTES
#undef STORED_SIGNED_BYTES
#undef STORED_WORDS
#undef STORED_HALFS
#undef STORED_HALF
#undef STORED_LOOKUP
}  // namespace plain

#ifdef TUNEWRIGHT_STORED_X86
#define STORED_HALF(bits) _cvtsh_ss(bits)

namespace avx2 {
#define STORED_TARGET __attribute__((target("avx2,fma,f16c")))
#define STORED_LANES 8
#define STORED_BYTES(from) _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)))
#define STORED_SIGNED_BYTES(from) _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)))
#define STORED_WORDS(from) _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))
#define STORED_HALFS(from) _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))
#define STORED_LOOKUP(table, codes) table
#include "storedLanes.h"
#undef STORED_TARGET
#undef STORED_LANES
#undef STORED_BYTES
#undef STORED_SIGNED_BYTES
#undef STORED_WORDS
#undef STORED_HALFS
#undef STORED_LOOKUP
}  // namespace avx2

namespace avx512 {
#define STORED_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")))
#define STORED_LANES 16
// Those with masks: the plain ones leave a vector unset, of which gcc 12 warns (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105593).
#define STORED_BYTES(from) _mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))
#define STORED_SIGNED_BYTES(from) _mm512_maskz_cvtepi8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))
#define STORED_WORDS(from) _mm512_maskz_cvtepu16_epi32(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))
#define STORED_HALFS(from) _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))
#define STORED_LOOKUP(table, codes) (Floats) _mm512_maskz_permutexvar_ps(0xffff, (__m512i)(codes), (__m512)(table))
#include "storedLanes.h"
#undef STORED_TARGET
#undef STORED_LANES
#undef STORED_BYTES
#undef STORED_SIGNED_BYTES
#undef STORED_WORDS
#undef STORED_HALFS
#undef STORED_LOOKUP
}  // namespace avx512

#undef STORED_HALF
#endif

// The kernels of the instruction set that libtorch's own are of, which ATEN_CPU_CAPABILITY lowers.
Kernels kernelsFor(int64_t type) {
#ifdef TUNEWRIGHT_STORED_X86
  static const std::string set = at::get_cpu_capability();
  static const bool hasHalfs = __builtin_cpu_supports("f16c") && __builtin_cpu_supports("fma");
  if (hasHalfs && set.rfind("AVX512", 0) == 0) return avx512::kernelsFor(type);
  if (hasHalfs && set == "AVX2") return avx2::kernelsFor(type);
#endif
  return plain::kernelsFor(type);
}

std::optional<c10::ScalarType> scalarTypeOf(int64_t type) {
  switch (type) {
    case F32: return at::kFloat;
    case F16: return at::kHalf;
    case BF16: return at::kBFloat16;
    default: return std::nullopt;
  }
}

// Bytes of a row of `columns` values. Blocks are not cut.
int64_t rowBytes(const Kernels& kernels, int64_t type, int64_t columns) {
  TORCH_CHECK(kernels.multiply, "type ", type, " is not known");
  TORCH_CHECK(columns >= 0 && columns <= std::numeric_limits<int32_t>::max(), "a row has at most 2^31 columns");
  if (scalarTypeOf(type)) return columns * (kernels.bytes / kernels.block);
  TORCH_CHECK(columns % kernels.block == 0, "rows of ", columns, " columns are no whole blocks of ", kernels.block);
  return columns / kernels.block * kernels.bytes;
}

void checkShape(const at::Tensor& weight, const Kernels& kernels, int64_t type, int64_t columns) {
  const int64_t bytes = rowBytes(kernels, type, columns);
  const auto dense = scalarTypeOf(type);
  TORCH_CHECK(weight.dim() == 2 && weight.layout() == at::kStrided, "a weight must be a matrix");
  TORCH_CHECK(weight.scalar_type() == (dense ? *dense : at::kByte), "a weight of type ", type, " has another data type");
  TORCH_CHECK(weight.size(1) == (dense ? columns : bytes), "a row of the weight must have ", dense ? columns : bytes, " elements, not ", weight.size(1));
}

Weight weightOf(const at::Tensor& weight, const Kernels& kernels, int64_t type, int64_t columns) {
  checkShape(weight, kernels, type, columns);
  TORCH_CHECK(weight.device().is_cpu(), "weights must be on the CPU");
  TORCH_CHECK(weight.size(1) < 2 || weight.stride(1) == 1, "the elements of a row must follow each other");
  return {static_cast<const uint8_t*>(weight.const_data_ptr()), weight.stride(0) * static_cast<int64_t>(weight.element_size())};
}

int64_t allRows(at::TensorList weights) {
  int64_t rows = 0;
  for (const at::Tensor& weight : weights) rows += weight.size(0);
  return rows;
}

at::Tensor emptyResult(const at::Tensor& x, at::TensorList weights, at::IntArrayRef types, const std::optional<at::Tensor>& bias) {
  TORCH_CHECK(x.dim() == 2 && x.layout() == at::kStrided, "x must be a matrix");
  TORCH_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16, "x must be float32 or bfloat16");
  TORCH_CHECK(weights.size() == types.size() && !weights.empty(), "there must be one type for each weight");
  for (size_t i = 0; i < weights.size(); ++i) checkShape(weights[i], kernelsFor(types[i]), types[i], x.size(1));
  const int64_t outs = allRows(weights);
  if (bias) TORCH_CHECK(bias->dim() == 1 && bias->size(0) == outs && bias->is_floating_point(), "the bias must be a vector of ", outs, " numbers");
  return at::empty({x.size(0), outs}, x.options());
}

at::Tensor storedLinear(const at::Tensor& x, at::TensorList weights, at::IntArrayRef types, const std::optional<at::Tensor>& bias) {
  const at::Tensor result = emptyResult(x, weights, types, bias);
  TORCH_CHECK(x.device().is_cpu() && (!bias || bias->device().is_cpu()), "x and bias must be on the CPU");
  const int64_t columns = x.size(1);
  const at::Tensor source = x.to(at::kFloat).contiguous();
  const at::Tensor added = bias ? bias->to(at::kFloat).contiguous() : at::Tensor();
  const Inputs inputs{static_cast<const float*>(source.const_data_ptr()), x.size(0), columns, columns};
  struct Part {
    Kernels kernels;
    Weight weight;
    int64_t rows, firstTile, firstRow;
  };
  std::vector<Part> parts;
  int64_t tiles = 0, rows = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const Kernels kernels = kernelsFor(types[i]);
    parts.push_back({kernels, weightOf(weights[i], kernels, types[i], columns), weights[i].size(0), tiles, rows});
    tiles += (weights[i].size(0) + TILE - 1) / TILE;
    rows += weights[i].size(0);
  }
  if (result.numel() == 0) return result;
  void* data = result.mutable_data_ptr();
  const bool isBrainFloat = result.scalar_type() == at::kBFloat16;
  const float* biases = bias ? static_cast<const float*>(added.const_data_ptr()) : nullptr;
  inParallel(tiles, TILE * columns * std::max<int64_t>(1, x.size(0) / 2), [&](int64_t begin, int64_t end) {
    for (const Part& part : parts) {
      const int64_t from = std::max<int64_t>(0, (begin - part.firstTile) * TILE), to = std::min(part.rows, (end - part.firstTile) * TILE);
      if (from >= to) continue;
      Outputs outputs{data, isBrainFloat, rows, part.firstRow, biases};
      part.kernels.multiply(part.weight, inputs, from, to, outputs);
    }
  });
  return result;
}

at::Tensor emptyValues(const at::Tensor& weight, int64_t type, int64_t columns) {
  TORCH_CHECK(!scalarTypeOf(type), "only blocks have values to be made; type ", type, " has none");
  checkShape(weight, kernelsFor(type), type, columns);
  return at::empty({weight.size(0), columns}, weight.options().dtype(at::kFloat));
}

at::Tensor storedValues(const at::Tensor& weight, int64_t type, int64_t columns) {
  const at::Tensor result = emptyValues(weight, type, columns);
  const Kernels kernels = kernelsFor(type);
  const Weight from = weightOf(weight, kernels, type, columns);
  auto* out = static_cast<float*>(result.mutable_data_ptr());
  inParallel(weight.size(0), columns, [&](int64_t begin, int64_t end) { kernels.values(from, columns, begin, end, out); });
  return result;
}

constexpr int64_t NF4_BLOCK = 64, NF4_BYTES = 36;

at::Tensor emptyNf4(const at::Tensor& packed, const at::Tensor& absmax, int64_t rows) {
  TORCH_CHECK(packed.scalar_type() == at::kByte && absmax.scalar_type() == at::kFloat, "the codes must be uint8, the maxima float32");
  TORCH_CHECK(packed.layout() == at::kStrided && absmax.layout() == at::kStrided, "codes and maxima must be strided");
  TORCH_CHECK(packed.numel() * 2 == absmax.numel() * NF4_BLOCK, "there must be a maximum for each 64 codes");
  TORCH_CHECK(rows > 0 && absmax.numel() % rows == 0, "a row must be whole blocks");
  return at::empty({rows, absmax.numel() / rows * NF4_BYTES}, packed.options());
}

// @param packed two codes a byte, the first in the high half, as bitsandbytes has them @param absmax of each 64 values, not quantized
at::Tensor storeNf4(const at::Tensor& packed, const at::Tensor& absmax, int64_t rows) {
  at::Tensor result = emptyNf4(packed, absmax, rows);
  TORCH_CHECK(packed.device().is_cpu() && absmax.device().is_cpu(), "codes and maxima must be on the CPU");
  const at::Tensor codes = packed.contiguous(), maxima = absmax.contiguous();
  const auto* from = static_cast<const uint8_t*>(codes.const_data_ptr());
  const auto* maximum = static_cast<const char*>(maxima.const_data_ptr());
  auto* to = static_cast<uint8_t*>(result.mutable_data_ptr());
  const auto code = [&](int64_t i) { return i % 2 == 0 ? from[i / 2] >> 4 : from[i / 2] & 15; };
  for (int64_t block = 0; block < maxima.numel(); ++block, from += NF4_BLOCK / 2, maximum += 4, to += NF4_BYTES) {
    std::memcpy(to, maximum, 4);
    for (int64_t i = 0; i < 32; ++i) {
      const int64_t first = i / 16 * 32 + i % 16;
      to[4 + i] = static_cast<uint8_t>(code(first) | (code(first + 16) << 4));
    }
  }
  return result;
}

}  // namespace

}  // namespace tunewright::stored

TORCH_LIBRARY_FRAGMENT(tunewright, library) {
  library.def("stored_linear(Tensor x, Tensor[] weights, int[] types, Tensor? bias=None) -> Tensor");
  library.def("stored_values(Tensor weight, int type, int columns) -> Tensor");
  library.def("store_nf4(Tensor packed, Tensor absmax, int rows) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunewright, CPU, library) {
  library.impl("stored_linear", tunewright::stored::storedLinear);
  library.impl("stored_values", tunewright::stored::storedValues);
  library.impl("store_nf4", tunewright::stored::storeNf4);
}
TORCH_LIBRARY_IMPL(tunewright, Meta, library) {
  library.impl("stored_linear", tunewright::stored::emptyResult);
  library.impl("stored_values", tunewright::stored::emptyValues);
  library.impl("store_nf4", tunewright::stored::emptyNf4);
}
