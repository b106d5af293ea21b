// Products of a few rows with weights as they are stored. storedLinear.cpp includes this once for each instruction set, with
// STORED_TARGET naming it and STORED_LANES the numbers in one of its vectors: vector types are lowered before functions are
// inlined, and wider ones than the processor has are lowered badly, so one generic body would not do.
//
// A type has `block` values in `bytes` bytes, in units that share scales. `open` makes what a unit's values have in common, and
// `piece` gives STORED_LANES values of it, the very ones that the model has in float32 (one exact product and at most one sum,
// so that fusing the two changes nothing).

constexpr int64_t LANES = STORED_LANES;
typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));

#define STORED_INLINE STORED_TARGET static inline __attribute__((always_inline))

template <typename Vector>
STORED_INLINE Vector loaded(const void* from) {
  Vector vector;
  __builtin_memcpy(&vector, from, sizeof vector);
  return vector;
}

STORED_INLINE Floats floatsOf(Ints values) { return __builtin_convertvector(values, Floats); }
STORED_INLINE Ints wide(const uint8_t* bytes) { return (Ints)STORED_BYTES(bytes); }
STORED_INLINE Floats all(float value) { return value - Floats{}; }

STORED_INLINE float halfAt(const uint8_t* at) {
  uint16_t bits;
  __builtin_memcpy(&bits, at, 2);
  return STORED_HALF(bits);
}

STORED_INLINE float floatAt(const uint8_t* at) {
  float value;
  __builtin_memcpy(&value, at, 4);
  return value;
}

// What a unit's values have in common: `scale * q + minimum`. With 16 lanes, nibbles are looked up among their 16 values.
struct Shared {
  Floats scale, minimum;
  Ints fifths;
};

STORED_INLINE Floats firstWhole() {
  Ints numbers;
  for (int64_t i = 0; i < LANES; ++i) numbers[i] = static_cast<int32_t>(i);
  return floatsOf(numbers);
}

STORED_INLINE Shared nibbleUnit(float scale, float minimum, int center) {
  Shared shared{all(scale), all(minimum), Ints{}};
  if constexpr (LANES == 16) shared.scale = all(scale) * (firstWhole() - static_cast<float>(center)) + all(minimum);
  return shared;
}

// Values `piece * LANES` and following of 32, of which the first 16 are the low halves of the bytes.
STORED_INLINE Floats nibblePiece(const Shared& shared, const uint8_t* nibbles, int64_t piece, int center) {
  const int64_t first = piece * LANES;
  const Ints bytes = wide(nibbles + first % 16);
  const Ints codes = first < 16 ? bytes : bytes >> 4;
  if constexpr (LANES == 16)
    return STORED_LOOKUP(shared.scale, codes);
  else
    return shared.scale * floatsOf((codes & 15) - center) + shared.minimum;
}

STORED_INLINE Ints bitNumbers(int first) {
  Ints numbers;
  for (int64_t i = 0; i < LANES; ++i) numbers[i] = static_cast<int32_t>(i) + first;
  return numbers;
}

// Value is `scale * (q - center) + minimum`; half scale, half minimum, 32 fifth bits, 16 bytes of nibbles.
template <bool HAS_MINIMUM, bool HAS_FIFTHS, int CENTER>
struct Nibbles {
  static constexpr int64_t block = 32, unit = 32, fifthsAt = HAS_MINIMUM ? 4 : 2, nibblesAt = fifthsAt + (HAS_FIFTHS ? 4 : 0), bytes = nibblesAt + 16;
  STORED_INLINE Shared open(const uint8_t* from, int64_t) {
    const float scale = halfAt(from), minimum = HAS_MINIMUM ? halfAt(from + 2) : -0.0f;
    if constexpr (!HAS_FIFTHS) return nibbleUnit(scale, minimum, CENTER);
    int32_t fifths;
    __builtin_memcpy(&fifths, from + fifthsAt, 4);
    return {all(scale), all(minimum), Ints{} + fifths};
  }
  STORED_INLINE Floats piece(const Shared& shared, const uint8_t* from, int64_t, int64_t piece) {
    if constexpr (!HAS_FIFTHS) return nibblePiece(shared, from + nibblesAt, piece, CENTER);
    const int64_t first = piece * LANES;
    const Ints bytes = wide(from + nibblesAt + first % 16);
    const Ints low = first < 16 ? bytes & 15 : bytes >> 4;
    const Ints fifth = ((shared.fifths >> bitNumbers(static_cast<int>(first))) & 1) << 4;
    return shared.scale * floatsOf((low | fifth) - CENTER) + shared.minimum;
  }
};

// Half scale, 32 signed bytes.
struct SignedByteBlocks {
  static constexpr int64_t block = 32, unit = 32, bytes = 34;
  STORED_INLINE Shared open(const uint8_t* from, int64_t) { return {all(halfAt(from)), Floats{}, Ints{}}; }
  STORED_INLINE Floats piece(const Shared& shared, const uint8_t* from, int64_t, int64_t piece) {
    return shared.scale * floatsOf((Ints)STORED_SIGNED_BYTES(from + 2 + piece * LANES));
  }
};

// Half scale, half minimum scale, 12 bytes with a scale and a minimum of 6 bits for each of eight parts, 32 bytes of fifth
// bits, 128 bytes of nibbles, of which two parts share 32: the low halves are the first's.
template <bool HAS_FIFTHS>
struct SuperBlocks {
  static constexpr int64_t block = 256, unit = 32, nibblesAt = HAS_FIFTHS ? 48 : 16, bytes = nibblesAt + 128;
  STORED_INLINE Shared open(const uint8_t* from, int64_t part) {
    const uint8_t* packed = from + 4;
    const int scale = part < 4 ? packed[part] & 63 : (packed[part + 4] & 15) | ((packed[part - 4] >> 6) << 4);
    const int minimum = part < 4 ? packed[part + 4] & 63 : (packed[part + 4] >> 4) | ((packed[part] >> 6) << 4);
    const float scaled = halfAt(from) * static_cast<float>(scale), least = -(halfAt(from + 2) * static_cast<float>(minimum));
    if constexpr (!HAS_FIFTHS) return nibbleUnit(scaled, least, 0);
    return {all(scaled), all(least), Ints{}};
  }
  STORED_INLINE Floats piece(const Shared& shared, const uint8_t* from, int64_t part, int64_t piece) {
    const Ints bytes = wide(from + nibblesAt + part / 2 * 32 + piece * LANES);
    Ints codes = part % 2 == 0 ? bytes : bytes >> 4;
    if constexpr (LANES == 16 && !HAS_FIFTHS) return STORED_LOOKUP(shared.scale, codes);
    codes &= 15;
    if constexpr (HAS_FIFTHS) codes |= ((wide(from + 16 + piece * LANES) >> static_cast<int>(part)) & 1) << 4;
    return shared.scale * floatsOf(codes) + shared.minimum;
  }
};

// 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, half scale. Eight parts lie in each half of the bytes.
struct SixBits {
  static constexpr int64_t block = 256, unit = 16, bytes = 210;
  STORED_INLINE Shared open(const uint8_t* from, int64_t part) {
    return {all(halfAt(from + 208) * static_cast<float>(static_cast<int8_t>(from[192 + part]))), Floats{}, Ints{}};
  }
  STORED_INLINE Floats piece(const Shared& shared, const uint8_t* from, int64_t part, int64_t piece) {
    const int64_t half = part / 8, inHalf = part % 8;
    const Ints low = wide(from + half * 64 + inHalf % 4 * 16 + piece * LANES) >> (inHalf < 4 ? 0 : 4);
    const Ints high = wide(from + 128 + half * 32 + inHalf % 2 * 16 + piece * LANES) >> static_cast<int>(inHalf / 2 * 2);
    return shared.scale * floatsOf(((low & 15) | ((high & 3) << 4)) - 32);
  }
};

// NF4 with its codes in the order of ggml's blocks: a float32 maximum, and twice 16 bytes of nibbles.
struct NormalFloats {
  static constexpr int64_t block = 64, unit = 32, bytes = 36;
  STORED_INLINE Shared open(const uint8_t* from, int64_t) {
    const Floats maximum = all(floatAt(from));
    if constexpr (LANES == 16) return {loaded<Floats>(nf4Codes) * maximum, Floats{}, Ints{}};
    return {maximum, Floats{}, Ints{}};
  }
  STORED_INLINE Floats piece(const Shared& shared, const uint8_t* from, int64_t half, int64_t piece) {
    const int64_t first = piece * LANES;
    const Ints bytes = wide(from + 4 + half * 16 + first % 16);
    const Ints codes = first < 16 ? bytes : bytes >> 4;
    if constexpr (LANES == 16) return STORED_LOOKUP(shared.scale, codes);
    Floats values;
    for (int64_t i = 0; i < LANES; ++i) values[i] = nf4Codes[codes[i] & 15];
    return shared.scale * values;
  }
};

struct Singles {
  static constexpr int64_t block = 32, unit = 32, bytes = 128;
  STORED_INLINE Shared open(const uint8_t*, int64_t) { return {Floats{}, Floats{}, Ints{}}; }
  STORED_INLINE Floats piece(const Shared&, const uint8_t* from, int64_t, int64_t piece) { return loaded<Floats>(from + piece * 4 * LANES); }
};

// The upper halves of float32 numbers.
struct BrainFloats {
  static constexpr int64_t block = 32, unit = 32, bytes = 64;
  STORED_INLINE Shared open(const uint8_t*, int64_t) { return {Floats{}, Floats{}, Ints{}}; }
  STORED_INLINE Floats piece(const Shared&, const uint8_t* from, int64_t, int64_t piece) {
    return (Floats)((Ints)STORED_WORDS(from + piece * 2 * LANES) << 16);
  }
};

struct HalfFloats {
  static constexpr int64_t block = 32, unit = 32, bytes = 64;
  STORED_INLINE Shared open(const uint8_t*, int64_t) { return {Floats{}, Floats{}, Ints{}}; }
  STORED_INLINE Floats piece(const Shared&, const uint8_t* from, int64_t, int64_t piece) { return (Floats)STORED_HALFS(from + piece * 2 * LANES); }
};

// The sums of OUT rows of the weight with ROWS rows of x over whole blocks. Each sum has one vector of its own and goes through
// the columns in order, however many rows there are, so that a row's result does not depend on the others.
template <typename Type, int OUT, int ROWS>
STORED_TARGET void addBlocks(const uint8_t* const* weights, const float* const* x, int64_t blocks, float* sums) {
  Floats sum[OUT][ROWS];
  for (int out = 0; out < OUT; ++out)
    for (int row = 0; row < ROWS; ++row) sum[out][row] = loaded<Floats>(sums + (out * ROWS + row) * LANES);
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t at = block * Type::bytes;
#pragma GCC unroll 1
    for (int64_t unit = 0; unit < Type::block / Type::unit; ++unit) {
      Shared shared[OUT];
#pragma GCC unroll 8
      for (int out = 0; out < OUT; ++out) shared[out] = Type::open(weights[out] + at, unit);
#pragma GCC unroll 8
      for (int64_t piece = 0; piece < Type::unit / LANES; ++piece) {
        Floats values[OUT];
#pragma GCC unroll 8
        for (int out = 0; out < OUT; ++out) values[out] = Type::piece(shared[out], weights[out] + at, unit, piece);
        const int64_t column = block * Type::block + unit * Type::unit + piece * LANES;
#pragma GCC unroll 8
        for (int row = 0; row < ROWS; ++row) {
          const Floats inputs = loaded<Floats>(x[row] + column);
#pragma GCC unroll 8
          for (int out = 0; out < OUT; ++out) sum[out][row] += values[out] * inputs;
        }
      }
    }
  }
  for (int out = 0; out < OUT; ++out)
    for (int row = 0; row < ROWS; ++row) __builtin_memcpy(sums + (out * ROWS + row) * LANES, &sum[out][row], sizeof(Floats));
}

// Lanes of two vectors whose sums have got as far as `WIDTH` lanes each: `first` of 0 takes the lower half of every sum, of WIDTH / 2
// the upper.
template <int64_t WIDTH>
STORED_INLINE Ints halfNumbers(int64_t first) {
  Ints numbers;
  for (int64_t i = 0; i < LANES; ++i) numbers[i] = static_cast<int32_t>(i / (WIDTH / 2) * WIDTH + i % (WIDTH / 2) + first);
  return numbers;
}

// Adds up the lanes of COUNT sums, a power of two up to LANES, two vectors at a time: lane i with lane i + LANES / 2, and so on by
// halves. The first COUNT lanes of the first vector are then the totals, whatever sums stand beside each other.
template <int COUNT, int64_t WIDTH>
STORED_INLINE void addLanes(Floats* sums) {
  constexpr int half = COUNT / 2;
  const Ints lower = halfNumbers<WIDTH>(0), upper = halfNumbers<WIDTH>(WIDTH / 2);
  if constexpr (COUNT == 1) {
    sums[0] = __builtin_shuffle(sums[0], sums[0], lower) + __builtin_shuffle(sums[0], sums[0], upper);
    if constexpr (WIDTH > 2) addLanes<1, WIDTH / 2>(sums);
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < half; ++i)
      sums[i] = __builtin_shuffle(sums[2 * i], sums[2 * i + 1], lower) + __builtin_shuffle(sums[2 * i], sums[2 * i + 1], upper);
    if constexpr (WIDTH > 2) addLanes<half, WIDTH / 2>(sums);
  }
}

// The totals of `sums`, COUNT vectors.
template <int COUNT>
STORED_INLINE void totals(const float* sums, float* to) {
  constexpr int together = COUNT < LANES ? COUNT : LANES;
  for (int first = 0; first < COUNT; first += together) {
    Floats some[together];
    __builtin_memcpy(some, sums + first * LANES, sizeof some);
    addLanes<together, LANES>(some);
    __builtin_memcpy(to + first, some, together * sizeof(float));
  }
}

// OUT rows of the weight, of which those behind `outs` repeat the last, with ROWS rows of x, likewise.
template <typename Type, int OUT, int ROWS>
STORED_TARGET void multiplyTile(const Weight& weight, const Inputs& inputs, int64_t firstOut, int64_t outs, int64_t firstRow, int64_t rows, Outputs& outputs) {
  const uint8_t* weights[OUT];
  const float* x[ROWS];
  alignas(64) float sums[OUT * ROWS * LANES] = {};
  for (int64_t i = 0; i < OUT; ++i) weights[i] = weight.data + (firstOut + (i < outs ? i : outs - 1)) * weight.stride;
  for (int64_t i = 0; i < ROWS; ++i) x[i] = inputs.data + (firstRow + (i < rows ? i : rows - 1)) * inputs.stride;
  const int64_t blocks = inputs.columns / Type::block, rest = inputs.columns % Type::block;
  addBlocks<Type, OUT, ROWS>(weights, x, blocks, sums);
  if (rest > 0) {
    // Only types of single values have rows that end within a block.
    constexpr int64_t width = Type::bytes / Type::block;
    uint8_t lastWeights[OUT][Type::bytes] = {};
    float lastX[ROWS][Type::block] = {};
    for (int64_t i = 0; i < OUT; ++i) {
      __builtin_memcpy(lastWeights[i], weights[i] + blocks * Type::bytes, rest * width);
      weights[i] = lastWeights[i];
    }
    for (int64_t i = 0; i < ROWS; ++i) {
      __builtin_memcpy(lastX[i], x[i] + blocks * Type::block, rest * 4);
      x[i] = lastX[i];
    }
    addBlocks<Type, OUT, ROWS>(weights, x, 1, sums);
  }
  float made[OUT * ROWS];
  totals<OUT * ROWS>(sums, made);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t out = 0; out < outs; ++out) outputs.put(firstRow + row, firstOut + out, made[out * ROWS + row]);
}

template <typename Type, int OUT, int ROWS>
STORED_TARGET void multiplyRows(const Weight& weight, const Inputs& inputs, int64_t out, int64_t outs, int64_t row, int64_t rows, Outputs& outputs) {
  for (int64_t at = 0; at < outs; at += OUT)
    multiplyTile<Type, OUT, ROWS>(weight, inputs, out + at, outs - at < OUT ? outs - at : OUT, row, rows, outputs);
}

// Rows of the weight from `first` on with all rows of x. Tiles are as large as the sums fit into registers.
template <typename Type>
STORED_TARGET void multiply(const Weight& weight, const Inputs& inputs, int64_t first, int64_t end, Outputs& outputs) {
  constexpr int few = LANES == 16 ? 4 : 2, fewer = LANES == 16 ? 2 : 1;
  for (int64_t out = first; out < end; out += TILE) {
    const int64_t outs = end - out < TILE ? end - out : TILE;
    for (int64_t row = 0; row < inputs.rows; row += 8) {
      const int64_t rows = inputs.rows - row < 8 ? inputs.rows - row : 8;
      if (rows == 1) multiplyRows<Type, 4, 1>(weight, inputs, out, outs, row, rows, outputs);
      else if (rows == 2) multiplyRows<Type, few, 2>(weight, inputs, out, outs, row, rows, outputs);
      else if (rows <= 4) multiplyRows<Type, few, 4>(weight, inputs, out, outs, row, rows, outputs);
      else multiplyRows<Type, fewer, 8>(weight, inputs, out, outs, row, rows, outputs);
    }
  }
}

// The values of rows as float32.
template <typename Type>
STORED_TARGET void values(const Weight& weight, int64_t columns, int64_t first, int64_t end, float* out) {
  for (int64_t row = first; row < end; ++row) {
    const uint8_t* from = weight.data + row * weight.stride;
    float* to = out + row * columns;
    for (int64_t block = 0; block < columns / Type::block; ++block, from += Type::bytes, to += Type::block) {
      for (int64_t unit = 0; unit < Type::block / Type::unit; ++unit) {
        const Shared shared = Type::open(from, unit);
        for (int64_t piece = 0; piece < Type::unit / LANES; ++piece) {
          const Floats made = Type::piece(shared, from, unit, piece);
          __builtin_memcpy(to + unit * Type::unit + piece * LANES, &made, sizeof made);
        }
      }
    }
  }
}

template <typename Type>
constexpr Kernels kernelsOf() {
  return {Type::block, Type::bytes, multiply<Type>, values<Type>};
}

static Kernels kernelsFor(int64_t type) {
  switch (type) {
    case F32: return kernelsOf<Singles>();
    case F16: return kernelsOf<HalfFloats>();
    case BF16: return kernelsOf<BrainFloats>();
    case Q4_0: return kernelsOf<Nibbles<false, false, 8>>();
    case Q4_1: return kernelsOf<Nibbles<true, false, 0>>();
    case Q5_0: return kernelsOf<Nibbles<false, true, 16>>();
    case Q5_1: return kernelsOf<Nibbles<true, true, 0>>();
    case Q8_0: return kernelsOf<SignedByteBlocks>();
    case Q4_K: return kernelsOf<SuperBlocks<false>>();
    case Q5_K: return kernelsOf<SuperBlocks<true>>();
    case Q6_K: return kernelsOf<SixBits>();
    case NF4: return kernelsOf<NormalFloats>();
    default: return {};
  }
}

#undef STORED_INLINE
