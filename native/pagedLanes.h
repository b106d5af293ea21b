// Attention of one text's new token to a chunk of its tokens, for one key head. pagedAttention.cpp includes this once for each
// instruction set, with PAGED_TARGET naming it and PAGED_LANES the numbers in one of its vectors, for the reason that storedLanes.h has.

constexpr int64_t LANES = PAGED_LANES;
typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));

#define PAGED_INLINE PAGED_TARGET static inline __attribute__((always_inline))
#define PAGED_VISIT PAGED_TARGET __attribute__((always_inline))

PAGED_INLINE void loadLanes(const float* from, Floats& to) { std::memcpy(&to, from, sizeof to); }

// bfloat16 is the upper half of a float.
PAGED_INLINE void loadLanes(const c10::BFloat16* from, Floats& to) {
  uint16_t __attribute__((vector_size(2 * LANES))) halves;
  std::memcpy(&halves, from, sizeof halves);
  const Ints bits = __builtin_convertvector(halves, Ints) << 16;
  std::memcpy(&to, &bits, sizeof to);
}

PAGED_INLINE void loadLanes(const c10::Half* from, Floats& to) {
  Floats wide = {};
  for (int64_t i = 0; i < LANES; ++i) wide[i] = static_cast<float>(from[i]);
  to = wide;
}

PAGED_INLINE float sumOfLanes(const Floats& lanes) {
  float __attribute__((vector_size(16))) fours[LANES / 4];
  std::memcpy(fours, &lanes, sizeof fours);
  for (int64_t width = LANES / 8; width > 0; width /= 2)
    for (int64_t i = 0; i < width; ++i) fours[i] += fours[i + width];
  return (fours[0][0] + fours[0][2]) + (fours[0][1] + fours[0][3]);
}

// exp of numbers that are not above 0, within 2 units in the last place: Cephes' polynomial (Moshier, public domain).
PAGED_INLINE void exponentials(Floats& x) {
  const Floats lowest = Floats{} - 87.0f;
  x = x < lowest ? lowest : x;
  const float magic = 12582912.0f;  // rounds to the nearest integer, which then stands in the low bits
  const Floats shifted = x * 1.44269504f + magic;
  const Floats whole = shifted - magic;
  const Floats rest = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  Floats sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
  sum = sum * rest + 8.3334519073e-3f;
  sum = sum * rest + 4.1665795894e-2f;
  sum = sum * rest + 1.6666665459e-1f;
  sum = sum * rest + 5.0000001201e-1f;
  sum = sum * rest * rest + rest + 1.0f;
  Ints power;
  std::memcpy(&power, &shifted, sizeof power);
  power = (power << 23) + (127 << 23);
  Floats factor;
  std::memcpy(&factor, &power, sizeof factor);
  x = sum * factor;
}

// Calls `visit` with each token of a task and where its numbers begin, `size` a head.
template <typename Stored, typename Visit>
PAGED_INLINE void visitTokens(const PagedShape& shape, const PagedTask& task, const void* stored, int64_t size, const Visit& visit) {
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
PAGED_INLINE void scoreTokens(const PagedShape& shape, const PagedTask& task, const float* queries, float (*scores)[PAGED_CHUNK]) {
  const int64_t dim = shape.headDim, wide = dim / LANES * LANES;
  visitTokens<Stored>(shape, task, task.keys, dim, [&](int64_t at, const Stored* key) PAGED_VISIT {
    Floats sums[COUNT] = {};
    for (int64_t d = 0; d < wide; d += LANES) {
      Floats part;
      loadLanes(key + d, part);
      for (int64_t j = 0; j < COUNT; ++j) {
        Floats query;
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
PAGED_INLINE void weighTokens(const PagedShape& shape, const PagedTask& task, const float* slope, float* scores, float& largest, float& sum) {
  const int64_t count = task.end - task.begin;
  if (shape.softCap > 0)
    for (int64_t i = 0; i < count; ++i) scores[i] = shape.softCap * std::tanh(scores[i] / shape.softCap);
  if (slope)
    for (int64_t i = 0; i < count; ++i) scores[i] += *slope * static_cast<float>(task.begin + i - (task.length - 1));
  largest = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < count; ++i) largest = scores[i] > largest ? scores[i] : largest;
  const int64_t padded = (count + LANES - 1) / LANES * LANES;
  for (int64_t i = count; i < padded; ++i) scores[i] = largest;
  Floats sums = {};
  for (int64_t i = 0; i < padded; i += LANES) {
    Floats weights;
    loadLanes(scores + i, weights);
    weights -= largest;
    exponentials(weights);
    for (int64_t lane = std::max<int64_t>(count - i, 0); lane < LANES; ++lane) weights[lane] = 0;
    sums += weights;
    std::memcpy(scores + i, &weights, sizeof weights);
  }
  sum = sumOfLanes(sums);
}

template <typename Stored, int64_t COUNT, int64_t WIDTH>
PAGED_INLINE void sumValues(const PagedShape& shape, const PagedTask& task, const float (*weights)[PAGED_CHUNK], int64_t first, float* results,
                                 int64_t stride) {
  Floats sums[COUNT][WIDTH] = {};
  visitTokens<Stored>(shape, task, task.values, shape.valueDim, [&](int64_t at, const Stored* value) PAGED_VISIT {
    Floats parts[WIDTH];
    for (int64_t w = 0; w < WIDTH; ++w) loadLanes(value + first + w * LANES, parts[w]);
    for (int64_t j = 0; j < COUNT; ++j)
      for (int64_t w = 0; w < WIDTH; ++w) sums[j][w] += parts[w] * weights[j][at];
  });
  for (int64_t j = 0; j < COUNT; ++j) std::memcpy(results + j * stride + first, sums[j], sizeof sums[j]);
}

// What is behind the last whole sixteen values.
template <typename Stored>
PAGED_INLINE void sumValue(const PagedShape& shape, const PagedTask& task, const float* weights, int64_t d, float& result) {
  float sum = 0;
  visitTokens<Stored>(shape, task, task.values, shape.valueDim, [&](int64_t at, const Stored* value) PAGED_VISIT {
    sum += weights[at] * static_cast<float>(value[d]);
  });
  result = sum;
}

template <typename Stored, int64_t COUNT>
PAGED_INLINE void attendQueries(const PagedShape& shape, const PagedTask& task, int64_t firstQuery) {
  alignas(64) float scores[COUNT][PAGED_CHUNK];
  const int64_t stride = shape.valueDim + 2;
  float* partial = task.partial + firstQuery * stride;
  scoreTokens<Stored, COUNT>(shape, task, task.queries + firstQuery * shape.headDim, scores);
  for (int64_t j = 0; j < COUNT; ++j)
    weighTokens(shape, task, task.slopes ? task.slopes + firstQuery + j : nullptr, scores[j], partial[j * stride], partial[j * stride + 1]);
  float* results = partial + 2;
  int64_t d = 0;
  for (; d + 2 * LANES <= shape.valueDim; d += 2 * LANES) sumValues<Stored, COUNT, 2>(shape, task, scores, d, results, stride);
  for (; d + LANES <= shape.valueDim; d += LANES) sumValues<Stored, COUNT, 1>(shape, task, scores, d, results, stride);
  for (; d < shape.valueDim; ++d)
    for (int64_t j = 0; j < COUNT; ++j) sumValue<Stored>(shape, task, scores[j], d, results[j * stride + d]);
}

template <typename Stored>
PAGED_INLINE void attendPages(const PagedShape& shape, const PagedTask& task) {
  for (int64_t first = 0; first < shape.group; first += PAGED_QUERIES) {
    switch (std::min(shape.group - first, PAGED_QUERIES)) {
      case 1: attendQueries<Stored, 1>(shape, task, first); break;
      case 2: attendQueries<Stored, 2>(shape, task, first); break;
      case 3: attendQueries<Stored, 3>(shape, task, first); break;
      default: attendQueries<Stored, 4>(shape, task, first);
    }
  }
}

PAGED_TARGET void attendFloats(const PagedShape& shape, const PagedTask& task) { attendPages<float>(shape, task); }
PAGED_TARGET void attendBrainFloats(const PagedShape& shape, const PagedTask& task) { attendPages<c10::BFloat16>(shape, task); }
PAGED_TARGET void attendHalves(const PagedShape& shape, const PagedTask& task) { attendPages<c10::Half>(shape, task); }

PagedKernel kernelFor(c10::ScalarType type) { return type == at::kFloat ? attendFloats : type == at::kBFloat16 ? attendBrainFloats : attendHalves; }

#undef PAGED_INLINE
#undef PAGED_VISIT
