// tunewright::paged_attention: attention of the newest token of each of many texts to keys and values that lie in pages (Kwon et al.,
// 2023, arXiv 2309.06180), whose own it puts there first. libtorch has no such kernel for a CPU: with its own, rows had to be padded to
// one width, stand side by side and be copied where texts share their beginnings, and a layer took several calls. Sums are float32, and
// of each text in an order of its own: whatever is computed beside it changes nothing.
#include <ATen/TensorIterator.h>
#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace tunewright::paged {

namespace {

// Keys are looked at in chunks of so many tokens, each by one thread: a long text is divided alike whatever stands beside it.
constexpr int64_t PAGED_CHUNK = 256;
// Queries that read keys together.
constexpr int64_t PAGED_QUERIES = 4;

struct PagedShape {
  int64_t keyHeads, group, headDim, valueDim, pageSize;
  float softCap;  // 0: none
};

// A chunk of one text for one key head. `slopes` and `queries` are those of the head's group.
struct PagedTask {
  const void *keys, *values;
  const int32_t* pages;
  int64_t head, begin, end, length;
  const float *queries, *slopes;
  float* partial;  // of each query: largest score, sum of the weights, weighted sum of the values
};

// Tokens by which memory is asked for before it is needed: texts lie in pages that no processor can foresee.
constexpr int64_t PAGED_AHEAD = 8;

using PagedKernel = void (*)(const PagedShape&, const PagedTask&);

namespace plain {
#define PAGED_TARGET
#define PAGED_LANES 4
#include "pagedLanes.h"
#undef PAGED_TARGET
#undef PAGED_LANES
}  // namespace plain

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
namespace avx2 {
#define PAGED_TARGET __attribute__((target("avx2,fma")))
#define PAGED_LANES 8
#include "pagedLanes.h"
#undef PAGED_TARGET
#undef PAGED_LANES
}  // namespace avx2

namespace avx512 {
#define PAGED_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define PAGED_LANES 16
#include "pagedLanes.h"
#undef PAGED_TARGET
#undef PAGED_LANES
}  // namespace avx512
#endif

// The kernel of the instruction set that libtorch's own are of, which ATEN_CPU_CAPABILITY lowers.
PagedKernel pagedKernel(c10::ScalarType type) {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  static const std::string set = at::get_cpu_capability();
  static const bool hasFma = __builtin_cpu_supports("fma");
  if (hasFma && set.rfind("AVX512", 0) == 0) return avx512::kernelFor(type);
  if (hasFma && set == "AVX2") return avx2::kernelFor(type);
#endif
  return plain::kernelFor(type);
}

// Brings the chunks of one text and query head together. `stride` lies between their partial results.
template <typename Stored>
void joinChunks(const float* partial, int64_t chunks, int64_t stride, int64_t valueDim, Stored* result) {
  float largest = -std::numeric_limits<float>::infinity();
  for (int64_t c = 0; c < chunks; ++c) largest = std::max(largest, partial[c * stride]);
  float sum = 0;
  std::vector<float> weights(chunks);
  for (int64_t c = 0; c < chunks; ++c) {
    // One chunk alone stays as it is, also where its scores are not numbers.
    weights[c] = chunks == 1 ? 1.0f : std::exp(partial[c * stride] - largest);
    sum += weights[c] * partial[c * stride + 1];
  }
  for (int64_t d = 0; d < valueDim; ++d) {
    float value = 0;
    for (int64_t c = 0; c < chunks; ++c) value += weights[c] * partial[c * stride + 2 + d];
    result[d] = static_cast<Stored>(value / sum);
  }
}

using OptionalNumbers = std::optional<c10::ArrayRef<double>>;

struct PagedInputs {
  at::Tensor query, key, value, pages, lengths;
};

// The inputs as the kernel reads them, after all checks.
PagedInputs checkPagedInputs(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const at::Tensor& keys, const at::Tensor& values,
                             const at::Tensor& pages, const at::Tensor& lengths, int64_t pageSize, const OptionalNumbers& slopes) {
  for (const at::Tensor* three : {&query, &key, &value, &keys, &values}) {
    TORCH_CHECK(three->dim() == 3, "queries, keys and values must have three dimensions");
    TORCH_CHECK(three->scalar_type() == query.scalar_type(), "queries, keys and values must be of one data type");
    TORCH_CHECK(three->size(1) > 0 && three->size(2) > 0, "heads must not be empty");
  }
  const int64_t rows = query.size(0), keyHeads = keys.size(1);
  TORCH_CHECK(key.size(0) == rows && value.size(0) == rows, "there must be a key and a value for each query");
  TORCH_CHECK(key.size(1) == keyHeads && value.size(1) == keyHeads && values.size(1) == keyHeads && query.size(1) % keyHeads == 0,
              "keys and values must have the same heads, and queries a multiple of them");
  TORCH_CHECK(query.size(2) == keys.size(2) && key.size(2) == keys.size(2) && value.size(2) == values.size(2), "heads must have the stored sizes");
  TORCH_CHECK(keys.size(0) == values.size(0) && keys.is_contiguous() && values.is_contiguous(), "stored keys and values must be whole, and as many");
  TORCH_CHECK(pageSize > 0 && pageSize <= 65536, "a page must have 1 to 65536 tokens, not ", pageSize);
  TORCH_CHECK(pages.dim() == 2 && pages.size(0) == rows && pages.scalar_type() == at::kInt, "the pages must be int32 numbers, a line for each query");
  TORCH_CHECK(lengths.dim() == 1 && lengths.size(0) == rows && lengths.scalar_type() == at::kInt, "the lengths must be int32 numbers, one for each query");
  TORCH_CHECK(!slopes || static_cast<int64_t>(slopes->size()) == query.size(1), "there must be a slope for each query head");
  PagedInputs inputs{query.contiguous(), key.contiguous(), value.contiguous(), pages.contiguous(), lengths.contiguous()};
  const auto* table = static_cast<const int32_t*>(inputs.pages.const_data_ptr());
  const auto* counts = static_cast<const int32_t*>(inputs.lengths.const_data_ptr());
  const int64_t most = pages.size(1), there = keys.size(0) / pageSize;
  for (int64_t row = 0; row < rows; ++row) {
    TORCH_CHECK(counts[row] > 0 && counts[row] <= most * pageSize, "a text of ", counts[row], " tokens does not fit into ", most, " pages");
    for (int64_t i = 0; i * pageSize < counts[row]; ++i) {
      const int32_t page = table[row * most + i];
      TORCH_CHECK(page >= 0 && page < there, "page ", page, " does not exist; there are ", there);
    }
  }
  return inputs;
}

// Puts the new key or value of each text into its place.
void storeNew(const at::Tensor& fresh, at::Tensor& stored, const PagedInputs& inputs, int64_t pageSize) {
  const auto* table = static_cast<const int32_t*>(inputs.pages.const_data_ptr());
  const auto* counts = static_cast<const int32_t*>(inputs.lengths.const_data_ptr());
  const auto* from = static_cast<const char*>(fresh.const_data_ptr());
  auto* to = static_cast<char*>(stored.mutable_data_ptr());
  const int64_t bytes = stored.size(1) * stored.size(2) * static_cast<int64_t>(stored.element_size());
  for (int64_t row = 0; row < fresh.size(0); ++row) {
    const int64_t token = counts[row] - 1;
    const int64_t slot = table[row * inputs.pages.size(1) + token / pageSize] * pageSize + token % pageSize;
    std::memcpy(to + slot * bytes, from + row * bytes, bytes);
  }
}

// Queries in float32, multiplied by the scale of the scores.
std::vector<float> scaledQueries(const at::Tensor& query, double scale) {
  std::vector<float> scaled(query.numel());
  const auto factor = static_cast<float>(scale);
  const auto fill = [&](const auto* from) {
    for (size_t i = 0; i < scaled.size(); ++i) scaled[i] = static_cast<float>(from[i]) * factor;
  };
  if (query.scalar_type() == at::kFloat)
    fill(static_cast<const float*>(query.const_data_ptr()));
  else if (query.scalar_type() == at::kBFloat16)
    fill(static_cast<const c10::BFloat16*>(query.const_data_ptr()));
  else
    fill(static_cast<const c10::Half*>(query.const_data_ptr()));
  return scaled;
}

template <typename Stored>
void joinAll(const std::vector<int64_t>& firstTasks, const float* partials, const PagedShape& shape, at::Tensor& output) {
  auto* result = static_cast<Stored*>(output.mutable_data_ptr());
  const int64_t heads = shape.keyHeads * shape.group, stride = shape.valueDim + 2;
  for (size_t row = 0; row + 1 < firstTasks.size(); ++row) {
    const int64_t chunks = (firstTasks[row + 1] - firstTasks[row]) / shape.keyHeads;
    for (int64_t head = 0; head < heads; ++head) {
      const float* first = partials + firstTasks[row] * shape.group * stride + head * stride;
      joinChunks(first, chunks, heads * stride, shape.valueDim, result + (row * heads + head) * shape.valueDim);
    }
  }
}

at::Tensor pagedAttention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::Tensor& keys, at::Tensor& values,
                          const at::Tensor& pages, const at::Tensor& lengths, int64_t pageSize, std::optional<double> scale,
                          std::optional<int64_t> window, std::optional<double> softCap, OptionalNumbers slopes) {
  const auto type = query.scalar_type();
  TORCH_CHECK(type == at::kFloat || type == at::kBFloat16 || type == at::kHalf, "queries must be float32, bfloat16 or float16");
  TORCH_CHECK(!window || *window > 0, "a window must have a token or more");
  TORCH_CHECK(!softCap || *softCap > 0, "a soft cap must be above 0");
  const PagedInputs inputs = checkPagedInputs(query, key, value, keys, values, pages, lengths, pageSize, slopes);
  storeNew(inputs.key, keys, inputs, pageSize);
  storeNew(inputs.value, values, inputs, pageSize);
  const int64_t rows = query.size(0), heads = query.size(1), keyHeads = keys.size(1), valueDim = values.size(2);
  const PagedShape shape{keyHeads, heads / keyHeads, query.size(2), valueDim, pageSize, static_cast<float>(softCap.value_or(0))};
  const std::vector<float> scaled = scaledQueries(inputs.query, scale.value_or(1 / std::sqrt(static_cast<double>(query.size(2)))));
  std::vector<float> slopeNumbers;
  if (slopes) slopeNumbers.assign(slopes->begin(), slopes->end());
  // Tasks of a text stand together: by chunk, then by key head.
  const auto* counts = static_cast<const int32_t*>(inputs.lengths.const_data_ptr());
  const auto firstSeen = [&](int64_t row) { return window ? std::max<int64_t>(counts[row] - *window, 0) : 0; };
  std::vector<int64_t> firstTasks{0};
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t chunks = (counts[row] - 1) / PAGED_CHUNK - firstSeen(row) / PAGED_CHUNK + 1;
    firstTasks.push_back(firstTasks.back() + chunks * keyHeads);
  }
  const int64_t tasks = firstTasks.back(), stride = shape.group * (valueDim + 2);
  at::Tensor output = at::empty({rows, heads * valueDim}, query.options());
  if (tasks == 0) return output;
  at::Tensor partials = at::empty({tasks * stride}, query.options().dtype(at::kFloat));
  auto* partial = static_cast<float*>(partials.mutable_data_ptr());
  const auto* table = static_cast<const int32_t*>(inputs.pages.const_data_ptr());
  const void *allKeys = keys.const_data_ptr(), *allValues = values.const_data_ptr();
  const PagedKernel attend = pagedKernel(type);
  const auto runTask = [&](int64_t task) {
    const int64_t row = std::upper_bound(firstTasks.begin(), firstTasks.end(), task) - firstTasks.begin() - 1;
    const int64_t place = task - firstTasks[row], head = place % keyHeads;
    const int64_t chunk = firstSeen(row) / PAGED_CHUNK + place / keyHeads;
    const int64_t begin = std::max(chunk * PAGED_CHUNK, firstSeen(row)), end = std::min<int64_t>((chunk + 1) * PAGED_CHUNK, counts[row]);
    const int64_t firstHead = head * shape.group;
    attend(shape, {allKeys, allValues, table + row * inputs.pages.size(1), head, begin, end, counts[row],
                   scaled.data() + (row * heads + firstHead) * shape.headDim, slopes ? slopeNumbers.data() + firstHead : nullptr,
                   partial + task * stride});
  };
  // Runs on libtorch's threads through the iterator, for the reason that counter_dropout has: its elements stand for tasks.
  at::Tensor marks = at::empty({tasks}, query.options().dtype(at::kByte));
  const auto* firstMark = static_cast<const char*>(marks.const_data_ptr());
  int64_t tokens = 0;
  for (int64_t row = 0; row < rows; ++row) tokens += counts[row] - firstSeen(row);
  const int64_t work = std::max<int64_t>(tokens * keyHeads / tasks * shape.group * (shape.headDim + valueDim), 1);
  auto iterator = at::TensorIterator::nullary_op(marks);
  iterator.for_each(
      [&](char** data, const int64_t* strides, int64_t inner, int64_t outer) {
        for (int64_t line = 0; line < outer; ++line)
          for (int64_t i = 0; i < inner; ++i) runTask(data[0] + line * strides[1] + i * strides[0] - firstMark);
      },
      std::max<int64_t>(65536 / work, 1));
  if (type == at::kFloat)
    joinAll<float>(firstTasks, partial, shape, output);
  else if (type == at::kBFloat16)
    joinAll<c10::BFloat16>(firstTasks, partial, shape, output);
  else
    joinAll<c10::Half>(firstTasks, partial, shape, output);
  return output;
}

}  // namespace

}  // namespace tunewright::paged

TORCH_LIBRARY_FRAGMENT(tunewright, library) {
  library.def(
      "paged_attention(Tensor query, Tensor key, Tensor value, Tensor(a!) keys, Tensor(b!) values, Tensor pages, Tensor lengths, int page_size, *, "
      "float? scale=None, int? window=None, float? soft_cap=None, float[]? alibi_slopes=None) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunewright, CPU, library) { library.impl("paged_attention", tunewright::paged::pagedAttention); }
