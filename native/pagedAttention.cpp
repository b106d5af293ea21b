// tunewright::paged_attention: attention of the newest token of each of many texts to keys and values that lie in pages (Kwon et al.,
// 2023, arXiv 2309.06180), whose own it puts there first. libtorch has no such kernel for a CPU: with its own, rows had to be padded to
// one width, stand side by side and be copied where texts share their beginnings, and a layer took several calls. Sums are float32, and
// of each text in an order of its own: whatever is computed beside it changes nothing.
#include <ATen/TensorIterator.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "simd.h"

namespace {

// Sixteen numbers at once, in as many registers as the processor needs for them.
constexpr int64_t PAGED_LANES = 16;
using PagedLanes = float __attribute__((vector_size(4 * PAGED_LANES)));
using PagedLaneBits = int32_t __attribute__((vector_size(4 * PAGED_LANES)));

#define TUNEWRIGHT_INLINE inline __attribute__((always_inline))

TUNEWRIGHT_INLINE void loadLanes(const float* from, PagedLanes& to) { std::memcpy(&to, from, sizeof to); }

// bfloat16 is the upper half of a float.
TUNEWRIGHT_INLINE void loadLanes(const c10::BFloat16* from, PagedLanes& to) {
  uint16_t __attribute__((vector_size(2 * PAGED_LANES))) halves;
  std::memcpy(&halves, from, sizeof halves);
  const PagedLaneBits bits = __builtin_convertvector(halves, PagedLaneBits) << 16;
  std::memcpy(&to, &bits, sizeof to);
}

TUNEWRIGHT_INLINE void loadLanes(const c10::Half* from, PagedLanes& to) {
  for (int64_t i = 0; i < PAGED_LANES; ++i) to[i] = static_cast<float>(from[i]);
}

TUNEWRIGHT_INLINE float sumOfLanes(const PagedLanes& lanes) {
  float __attribute__((vector_size(32))) eights[2];
  std::memcpy(eights, &lanes, sizeof eights);
  eights[0] += eights[1];
  float __attribute__((vector_size(16))) fours[2];
  std::memcpy(fours, eights, sizeof fours);
  fours[0] += fours[1];
  return (fours[0][0] + fours[0][2]) + (fours[0][1] + fours[0][3]);
}

// exp of numbers that are not above 0, within 2 units in the last place: Cephes' polynomial (Moshier, public domain).
TUNEWRIGHT_INLINE void exponentials(PagedLanes& x) {
  const PagedLanes lowest = PagedLanes{} - 87.0f;
  x = x < lowest ? lowest : x;
  const float magic = 12582912.0f;  // rounds to the nearest integer, which then stands in the low bits
  const PagedLanes shifted = x * 1.44269504f + magic;
  const PagedLanes whole = shifted - magic;
  const PagedLanes rest = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  PagedLanes sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
  sum = sum * rest + 8.3334519073e-3f;
  sum = sum * rest + 4.1665795894e-2f;
  sum = sum * rest + 1.6666665459e-1f;
  sum = sum * rest + 5.0000001201e-1f;
  sum = sum * rest * rest + rest + 1.0f;
  PagedLaneBits power;
  std::memcpy(&power, &shifted, sizeof power);
  power = (power << 23) + (127 << 23);
  PagedLanes factor;
  std::memcpy(&factor, &power, sizeof factor);
  x = sum * factor;
}

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

// Calls `visit` with each token of a task and where its numbers begin, `size` a head.
template <typename Stored, typename Visit>
TUNEWRIGHT_INLINE void visitTokens(const PagedShape& shape, const PagedTask& task, const void* stored, int64_t size, const Visit& visit) {
  const int64_t stride = shape.keyHeads * size, bytes = size * static_cast<int64_t>(sizeof(Stored));
  const Stored* first = static_cast<const Stored*>(stored) + task.head * size;
  for (int64_t token = task.begin; token < task.end;) {
    const int64_t page = token / shape.pageSize, offset = token % shape.pageSize;
    const int64_t run = std::min(shape.pageSize - offset, task.end - token);
    const Stored* place = first + (task.pages[page] * shape.pageSize + offset) * stride;
    const Stored* next = token + run < task.end ? first + task.pages[page + 1] * shape.pageSize * stride : place;
    for (int64_t i = 0; i < run; ++i) {
      const auto* ahead = reinterpret_cast<const char*>(i + PAGED_AHEAD < run ? place + (i + PAGED_AHEAD) * stride : next + (i + PAGED_AHEAD - run) * stride);
      for (int64_t line = 0; line < bytes; line += 64) __builtin_prefetch(ahead + line);
      visit(token + i - task.begin, place + i * stride);
    }
    token += run;
  }
}

template <typename Stored, int64_t COUNT>
TUNEWRIGHT_INLINE void scoreTokens(const PagedShape& shape, const PagedTask& task, const float* queries, float (*scores)[PAGED_CHUNK]) {
  const int64_t dim = shape.headDim, wide = dim / PAGED_LANES * PAGED_LANES;
  visitTokens<Stored>(shape, task, task.keys, dim, [&](int64_t at, const Stored* key) __attribute__((always_inline)) {
    PagedLanes sums[COUNT] = {};
    for (int64_t d = 0; d < wide; d += PAGED_LANES) {
      PagedLanes part;
      loadLanes(key + d, part);
      for (int64_t j = 0; j < COUNT; ++j) {
        PagedLanes query;
        loadLanes(queries + j * dim + d, query);
        sums[j] += query * part;
      }
    }
    for (int64_t j = 0; j < COUNT; ++j) {
      float score = sumOfLanes(sums[j]);
      for (int64_t d = wide; d < dim; ++d) score += queries[j * dim + d] * static_cast<float>(key[d]);
      scores[j][at] = score;
    }
  });
}

// Turns scores into weights. Returns the largest score and the sum of the weights.
TUNEWRIGHT_INLINE void weighTokens(const PagedShape& shape, const PagedTask& task, const float* slope, float* scores, float& largest, float& sum) {
  const int64_t count = task.end - task.begin;
  if (shape.softCap > 0)
    for (int64_t i = 0; i < count; ++i) scores[i] = shape.softCap * std::tanh(scores[i] / shape.softCap);
  if (slope)
    for (int64_t i = 0; i < count; ++i) scores[i] += *slope * static_cast<float>(task.begin + i - (task.length - 1));
  largest = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < count; ++i) largest = scores[i] > largest ? scores[i] : largest;
  const int64_t padded = (count + PAGED_LANES - 1) / PAGED_LANES * PAGED_LANES;
  for (int64_t i = count; i < padded; ++i) scores[i] = largest;
  PagedLanes sums = {};
  for (int64_t i = 0; i < padded; i += PAGED_LANES) {
    PagedLanes weights;
    loadLanes(scores + i, weights);
    weights -= largest;
    exponentials(weights);
    for (int64_t lane = std::max<int64_t>(count - i, 0); lane < PAGED_LANES; ++lane) weights[lane] = 0;
    sums += weights;
    std::memcpy(scores + i, &weights, sizeof weights);
  }
  sum = sumOfLanes(sums);
}

template <typename Stored, int64_t COUNT, int64_t WIDTH>
TUNEWRIGHT_INLINE void sumValues(const PagedShape& shape, const PagedTask& task, const float (*weights)[PAGED_CHUNK], int64_t first, float* results,
                                 int64_t stride) {
  PagedLanes sums[COUNT][WIDTH] = {};
  visitTokens<Stored>(shape, task, task.values, shape.valueDim, [&](int64_t at, const Stored* value) __attribute__((always_inline)) {
    PagedLanes parts[WIDTH];
    for (int64_t w = 0; w < WIDTH; ++w) loadLanes(value + first + w * PAGED_LANES, parts[w]);
    for (int64_t j = 0; j < COUNT; ++j)
      for (int64_t w = 0; w < WIDTH; ++w) sums[j][w] += parts[w] * weights[j][at];
  });
  for (int64_t j = 0; j < COUNT; ++j) std::memcpy(results + j * stride + first, sums[j], sizeof sums[j]);
}

// What is behind the last whole sixteen values.
template <typename Stored>
TUNEWRIGHT_INLINE void sumValue(const PagedShape& shape, const PagedTask& task, const float* weights, int64_t d, float& result) {
  float sum = 0;
  visitTokens<Stored>(shape, task, task.values, shape.valueDim, [&](int64_t at, const Stored* value) __attribute__((always_inline)) {
    sum += weights[at] * static_cast<float>(value[d]);
  });
  result = sum;
}

template <typename Stored, int64_t COUNT>
TUNEWRIGHT_INLINE void attendQueries(const PagedShape& shape, const PagedTask& task, int64_t firstQuery) {
  alignas(64) float scores[COUNT][PAGED_CHUNK];
  const int64_t stride = shape.valueDim + 2;
  float* partial = task.partial + firstQuery * stride;
  scoreTokens<Stored, COUNT>(shape, task, task.queries + firstQuery * shape.headDim, scores);
  for (int64_t j = 0; j < COUNT; ++j)
    weighTokens(shape, task, task.slopes ? task.slopes + firstQuery + j : nullptr, scores[j], partial[j * stride], partial[j * stride + 1]);
  float* results = partial + 2;
  int64_t d = 0;
  for (; d + 2 * PAGED_LANES <= shape.valueDim; d += 2 * PAGED_LANES) sumValues<Stored, COUNT, 2>(shape, task, scores, d, results, stride);
  for (; d + PAGED_LANES <= shape.valueDim; d += PAGED_LANES) sumValues<Stored, COUNT, 1>(shape, task, scores, d, results, stride);
  for (; d < shape.valueDim; ++d)
    for (int64_t j = 0; j < COUNT; ++j) sumValue<Stored>(shape, task, scores[j], d, results[j * stride + d]);
}

template <typename Stored>
TUNEWRIGHT_INLINE void attendPages(const PagedShape& shape, const PagedTask& task) {
  for (int64_t first = 0; first < shape.group; first += PAGED_QUERIES) {
    switch (std::min(shape.group - first, PAGED_QUERIES)) {
      case 1: attendQueries<Stored, 1>(shape, task, first); break;
      case 2: attendQueries<Stored, 2>(shape, task, first); break;
      case 3: attendQueries<Stored, 3>(shape, task, first); break;
      default: attendQueries<Stored, 4>(shape, task, first);
    }
  }
}

TUNEWRIGHT_SIMD void attendFloats(const PagedShape& shape, const PagedTask& task) { attendPages<float>(shape, task); }
TUNEWRIGHT_SIMD void attendBrainFloats(const PagedShape& shape, const PagedTask& task) { attendPages<c10::BFloat16>(shape, task); }
TUNEWRIGHT_SIMD void attendHalves(const PagedShape& shape, const PagedTask& task) { attendPages<c10::Half>(shape, task); }

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
  const auto attend = type == at::kFloat ? attendFloats : type == at::kBFloat16 ? attendBrainFloats : attendHalves;
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

TORCH_LIBRARY_FRAGMENT(tunewright, library) {
  library.def(
      "paged_attention(Tensor query, Tensor key, Tensor value, Tensor(a!) keys, Tensor(b!) values, Tensor pages, Tensor lengths, int page_size, *, "
      "float? scale=None, int? window=None, float? soft_cap=None, float[]? alibi_slopes=None) -> Tensor");
}
TORCH_LIBRARY_IMPL(tunewright, CPU, library) { library.impl("paged_attention", pagedAttention); }
