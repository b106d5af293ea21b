// Blocks of 256 values in parts: Q4_K and Q5_K have 8 parts with a scale and a minimum each, Q6_K has 16 with a
// scale each; these are whole multiples of one or two half-precision numbers of the block.
//
// All of it is weighted least squares: codes are the nearest ones for a scale, the scale is the best one for the
// codes, and steps of it around the range of a part start the search. The multiples are chosen together with their
// neighbours, since rounding alone is not the best choice once the block's own numbers are fixed.
#include <cmath>
#include <cstring>
#include <initializer_list>

#include "blocks.h"
#include "half.h"

#define INLINE static inline __attribute__((always_inline))

namespace gguf {

namespace {

constexpr size_t kSuper = 256;
constexpr size_t kLanes = 8;

typedef float Lanes __attribute__((vector_size(32)));

INLINE Lanes all(float value) { return Lanes{value, value, value, value, value, value, value, value}; }

INLINE Lanes load(const float* from) {
  Lanes result;
  std::memcpy(&result, from, sizeof result);
  return result;
}

/// In an order that no instruction set changes.
INLINE float sum(Lanes x) { return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7])); }

/// To the nearest whole number, for sizes below 2^22.
INLINE Lanes nearest(Lanes x) {
  const Lanes magic = all(12582912.0f);
  return (x + magic) - magic;
}

INLINE Lanes clamp(Lanes x, float least, float most) {
  const Lanes low = all(least), high = all(most);
  x = x < low ? low : x;
  return x > high ? high : x;
}

INLINE float inverse(float scale) {
  const float result = scale == 0 ? 0 : 1 / scale;
  return std::isfinite(result) ? result : 0;
}

/// What matters: errors of large values count more.
template <size_t kSize>
INLINE void importance(const float* x, float* weights) {
  Lanes squares = all(0);
  for (size_t i = 0; i < kSize; i += kLanes) squares += load(x + i) * load(x + i);
  const float size = std::sqrt(sum(squares) / kSize);
  for (size_t i = 0; i < kSize; ++i) weights[i] = size + std::fabs(x[i]);
}

// ---- scale and minimum: value = scale * code - minimum ----

constexpr size_t kPart = 32;
constexpr size_t kParts = kSuper / kPart;
constexpr int kMostMultiple = 63;

struct Line {
  float scale = 0;
  float minimum = 0;
};

/// Sums over a part that do not depend on codes.
struct PartSums {
  double w = 0, wx = 0, wxx = 0;
};

/// Codes of a part for a line, and the sums that the best line for them follows from.
struct CodeSums {
  double wq = 0, wqq = 0, wqx = 0;
};

template <int kMost>
INLINE CodeSums codeSums(const float* x, const float* w, Line line) {
  const Lanes inverted = all(inverse(line.scale)), minimum = all(line.minimum);
  Lanes wq = all(0), wqq = all(0), wqx = all(0);
  for (size_t i = 0; i < kPart; i += kLanes) {
    const Lanes values = load(x + i);
    const Lanes q = clamp(nearest((values + minimum) * inverted), 0, kMost);
    const Lanes weighted = load(w + i) * q;
    wq += weighted;
    wqq += weighted * q;
    wqx += weighted * values;
  }
  return {sum(wq), sum(wqq), sum(wqx)};
}

/// Weighted squared error of a line with codes of these sums.
INLINE double errorOf(const PartSums& part, const CodeSums& codes, double scale, double minimum) {
  return part.wxx + scale * scale * codes.wqq + minimum * minimum * part.w - 2 * scale * minimum * codes.wq -
         2 * scale * codes.wqx + 2 * minimum * part.wx;
}

/// The best line for given codes; minimums below 0 cannot be stored.
INLINE Line bestLine(const PartSums& part, const CodeSums& codes) {
  const double determinant = part.w * codes.wqq - codes.wq * codes.wq;
  double scale = 0, minimum = -1;
  if (determinant > 0) {
    scale = (part.w * codes.wqx - codes.wq * part.wx) / determinant;
    minimum = (scale * codes.wq - part.wx) / part.w;
  }
  if (minimum < 0) {
    minimum = 0;
    scale = codes.wqq > 0 ? codes.wqx / codes.wqq : 0;
  }
  if (scale < 0) scale = 0;
  return {static_cast<float>(scale), static_cast<float>(minimum)};
}

template <int kMost>
INLINE Line fitPart(const float* x, const float* w, const PartSums& part) {
  float least = 0, most = x[0];
  for (size_t i = 0; i < kPart; ++i) {
    if (x[i] < least) least = x[i];
    if (x[i] > most) most = x[i];
  }
  if (most <= least) return {0, -least};
  Line best;
  double bestError = INFINITY;
  for (int step = -8; step <= 12; step += 2) {
    Line line{(most - least) / (static_cast<float>(kMost) + 0.1f * static_cast<float>(step)), -least};
    for (int turn = 0; turn < 2; ++turn) {
      const CodeSums codes = codeSums<kMost>(x, w, line);
      line = bestLine(part, codes);
      const double error = errorOf(part, codes, line.scale, line.minimum);
      if (error >= bestError) break;
      bestError = error;
      best = line;
    }
  }
  return best;
}

/// A block as it will be stored.
struct LineBlock {
  float scale = 0, minimum = 0;
  uint8_t scales[kParts] = {}, minimums[kParts] = {};
};

INLINE int neighbour(float wanted, int shift, int least, int most) {
  const int value = static_cast<int>(std::nearbyint(wanted)) + shift;
  return value < least ? least : value > most ? most : value;
}

/// The multiples of the block's numbers for each part, and the error.
/// @param wanted lines of the parts @param reach how far to look around the nearest multiples
template <int kMost>
INLINE double chooseMultiples(const float* x, const float* w, const PartSums* sums, const Line* wanted, int reach,
                              LineBlock& block) {
  const float scaleInverse = inverse(block.scale), minimumInverse = inverse(block.minimum);
  double total = 0;
  for (size_t part = 0; part < kParts; ++part) {
    double least = INFINITY;
    for (int a = -reach; a <= reach; ++a) {
      for (int b = -reach; b <= reach; ++b) {
        const int scale = neighbour(wanted[part].scale * scaleInverse, a, 0, kMostMultiple);
        const int minimum = neighbour(wanted[part].minimum * minimumInverse, b, 0, kMostMultiple);
        const Line line{block.scale * static_cast<float>(scale), block.minimum * static_cast<float>(minimum)};
        const CodeSums codes = codeSums<kMost>(x + part * kPart, w + part * kPart, line);
        const double error = errorOf(sums[part], codes, line.scale, line.minimum);
        if (error >= least) continue;
        least = error;
        block.scales[part] = static_cast<uint8_t>(scale);
        block.minimums[part] = static_cast<uint8_t>(minimum);
      }
    }
    total += least;
  }
  return total;
}

/// The block's two numbers that are best for its multiples and codes.
template <int kMost>
INLINE Line refit(const float* x, const float* w, const PartSums* sums, const LineBlock& block) {
  double qq = 0, qm = 0, mm = 0, qx = 0, mx = 0;
  for (size_t part = 0; part < kParts; ++part) {
    const double s = block.scales[part], m = block.minimums[part];
    const Line line{block.scale * block.scales[part], block.minimum * block.minimums[part]};
    const CodeSums codes = codeSums<kMost>(x + part * kPart, w + part * kPart, line);
    qq += s * s * codes.wqq;
    qm += s * m * codes.wq;
    mm += m * m * sums[part].w;
    qx += s * codes.wqx;
    mx += m * sums[part].wx;
  }
  const double determinant = qq * mm - qm * qm;
  Line line{block.scale, block.minimum};
  if (determinant > 1e-12 * qq * mm) {
    line = {static_cast<float>((qx * mm - qm * mx) / determinant), static_cast<float>((qx * qm - qq * mx) / determinant)};
  } else if (mm == 0 && qq > 0) {
    line = {static_cast<float>(qx / qq), 0};
  }
  return line;
}

/// Six bits each: parts 0 to 3 in bytes of their own, 4 to 7 in nibbles with their top bits above the first ones.
INLINE void packMultiples(const LineBlock& block, uint8_t* out) {
  const auto bits = [](int value) { return static_cast<uint8_t>(value); };
  for (size_t i = 0; i < 4; ++i) {
    out[i] = bits(block.scales[i] | ((block.scales[i + 4] >> 4) << 6));
    out[i + 4] = bits(block.minimums[i] | ((block.minimums[i + 4] >> 4) << 6));
    out[i + 8] = bits((block.scales[i + 4] & 15) | ((block.minimums[i + 4] & 15) << 4));
  }
}

template <int kMost>
INLINE void packCodes(const float* x, const LineBlock& block, uint8_t* fifthBits, uint8_t* nibbles) {
  uint8_t codes[kSuper];
  for (size_t part = 0; part < kParts; ++part) {
    const Lanes inverted = all(inverse(block.scale * block.scales[part]));
    const Lanes minimum = all(block.minimum * block.minimums[part]);
    for (size_t i = part * kPart; i < (part + 1) * kPart; i += kLanes) {
      const Lanes q = clamp(nearest((load(x + i) + minimum) * inverted), 0, kMost);
      for (size_t lane = 0; lane < kLanes; ++lane) codes[i + lane] = static_cast<uint8_t>(q[lane]);
    }
  }
  for (size_t pair = 0; pair < kParts / 2; ++pair) {
    for (size_t i = 0; i < kPart; ++i) {
      const uint8_t low = codes[2 * pair * kPart + i], high = codes[(2 * pair + 1) * kPart + i];
      nibbles[pair * kPart + i] = static_cast<uint8_t>((low & 15) | ((high & 15) << 4));
      if (fifthBits) fifthBits[i] |= static_cast<uint8_t>(((low >> 4) << (2 * pair)) | ((high >> 4) << (2 * pair + 1)));
    }
  }
}

template <int kMost>
INLINE LineBlock fitLines(const float* x) {
  float w[kSuper];
  PartSums sums[kParts];
  Line wanted[kParts];
  float largestScale = 0, largestMinimum = 0;
  for (size_t part = 0; part < kParts; ++part) {
    const float* values = x + part * kPart;
    float* weights = w + part * kPart;
    importance<kPart>(values, weights);
    for (size_t i = 0; i < kPart; ++i) {
      sums[part].w += weights[i];
      sums[part].wx += static_cast<double>(weights[i]) * values[i];
      sums[part].wxx += static_cast<double>(weights[i]) * values[i] * values[i];
    }
    wanted[part] = sums[part].w > 0 ? fitPart<kMost>(values, weights, sums[part]) : Line{};
    if (wanted[part].scale > largestScale) largestScale = wanted[part].scale;
    if (wanted[part].minimum > largestMinimum) largestMinimum = wanted[part].minimum;
  }
  Line numbers{largestScale / kMostMultiple, largestMinimum / kMostMultiple};
  LineBlock best;
  double bestError = INFINITY;
  for (const int reach : {0, 1, 1}) {
    LineBlock block;
    block.scale = fromHalf(toHalf(numbers.scale));
    block.minimum = fromHalf(toHalf(numbers.minimum));
    const double error = chooseMultiples<kMost>(x, w, sums, wanted, reach, block);
    if (error >= bestError) continue;
    bestError = error;
    best = block;
    numbers = refit<kMost>(x, w, sums, block);
  }
  return best;
}

/// Half scale, half minimum, 12 bytes of multiples, fifth bits where there are any, nibbles.
template <int kMost>
INLINE void encodeLines(const float* x, size_t blocks, uint8_t* out) {
  constexpr size_t fifthBytes = kMost > 15 ? 32 : 0;
  for (size_t number = 0; number < blocks; ++number, x += kSuper, out += 144 + fifthBytes) {
    const LineBlock block = fitLines<kMost>(x);
    store16(out, toHalf(block.scale));
    store16(out + 2, toHalf(block.minimum));
    packMultiples(block, out + 4);
    std::memset(out + 16, 0, fifthBytes);
    packCodes<kMost>(x, block, fifthBytes ? out + 16 : nullptr, out + 16 + fifthBytes);
  }
}

// ---- scale alone: value = scale * code, code from -32 to 31 ----

constexpr size_t kSmallPart = 16;
constexpr size_t kSmallParts = kSuper / kSmallPart;

struct ScaleSums {
  double wqq = 0, wqx = 0;
};

INLINE Lanes signedCodes(const float* x, float inverted) {
  return clamp(nearest(load(x) * all(inverted)), -32, 31);
}

INLINE ScaleSums scaleSums(const float* x, const float* w, float scale) {
  const float inverted = inverse(scale);
  Lanes wqq = all(0), wqx = all(0);
  for (size_t i = 0; i < kSmallPart; i += kLanes) {
    const Lanes q = signedCodes(x + i, inverted);
    const Lanes weighted = load(w + i) * q;
    wqq += weighted * q;
    wqx += weighted * load(x + i);
  }
  return {sum(wqq), sum(wqx)};
}

/// How much of the weighted squares a scale explains.
INLINE double explained(const ScaleSums& sums, double scale) { return scale * (2 * sums.wqx - scale * sums.wqq); }

INLINE float fitScale(const float* x, const float* w) {
  float largest = 0;
  for (size_t i = 0; i < kSmallPart; ++i) {
    if (std::fabs(x[i]) > std::fabs(largest)) largest = x[i];
  }
  float best = 0;
  double most = 0;
  for (int step = -6; step <= 10; step += 2) {
    for (const float code : {-32.0f - 0.1f * static_cast<float>(step), 31.0f + 0.1f * static_cast<float>(step)}) {
      const ScaleSums sums = scaleSums(x, w, largest / code);
      if (!(sums.wqq > 0)) continue;
      const float scale = static_cast<float>(sums.wqx / sums.wqq);
      const double gain = explained(sums, scale);
      if (gain <= most) continue;
      most = gain;
      best = scale;
    }
  }
  return best;
}

struct ScaleBlock {
  float scale = 0;
  int8_t scales[kSmallParts] = {};
};

INLINE double chooseScales(const float* x, const float* w, const float* wanted, ScaleBlock& block) {
  const float inverted = inverse(block.scale);
  double total = 0;
  for (size_t part = 0; part < kSmallParts; ++part) {
    double most = -INFINITY;
    for (int shift = -1; shift <= 1; ++shift) {
      const int multiple = neighbour(wanted[part] * inverted, shift, -128, 127);
      const float scale = block.scale * static_cast<float>(multiple);
      const double gain = explained(scaleSums(x + part * kSmallPart, w + part * kSmallPart, scale), scale);
      if (gain <= most) continue;
      most = gain;
      block.scales[part] = static_cast<int8_t>(multiple);
    }
    total += most;
  }
  return total;
}

INLINE float refitScale(const float* x, const float* w, const ScaleBlock& block) {
  double qq = 0, qx = 0;
  for (size_t part = 0; part < kSmallParts; ++part) {
    const double s = block.scales[part];
    const ScaleSums sums = scaleSums(x + part * kSmallPart, w + part * kSmallPart, block.scale * block.scales[part]);
    qq += s * s * sums.wqq;
    qx += s * sums.wqx;
  }
  return qq > 0 ? static_cast<float>(qx / qq) : block.scale;
}

INLINE ScaleBlock fitScales(const float* x) {
  float w[kSuper];
  float wanted[kSmallParts];
  float largest = 0;
  for (size_t part = 0; part < kSmallParts; ++part) {
    importance<kSmallPart>(x + part * kSmallPart, w + part * kSmallPart);
    wanted[part] = fitScale(x + part * kSmallPart, w + part * kSmallPart);
    if (std::fabs(wanted[part]) > std::fabs(largest)) largest = wanted[part];
  }
  float number = largest / -128;
  ScaleBlock best;
  double most = -INFINITY;
  for (int turn = 0; turn < 3; ++turn) {
    ScaleBlock block;
    block.scale = fromHalf(toHalf(number));
    const double gain = chooseScales(x, w, wanted, block);
    if (gain <= most) break;
    most = gain;
    best = block;
    number = refitScale(x, w, block);
  }
  return best;
}

/// 128 bytes of low nibbles, 64 of pairs of high bits, 16 signed multiples, half scale.
INLINE void encodeScales(const float* x, size_t blocks, uint8_t* out) {
  for (size_t number = 0; number < blocks; ++number, x += kSuper, out += 210) {
    const ScaleBlock block = fitScales(x);
    uint8_t codes[kSuper];
    for (size_t i = 0; i < kSuper; i += kLanes) {
      const float scale = block.scale * block.scales[i / kSmallPart];
      const Lanes q = signedCodes(x + i, inverse(scale));
      for (size_t lane = 0; lane < kLanes; ++lane) codes[i + lane] = static_cast<uint8_t>(q[lane] + 32);
    }
    for (size_t half = 0; half < 2; ++half) {
      const uint8_t* from = codes + 128 * half;
      for (size_t i = 0; i < 32; ++i) {
        const uint8_t a = from[i], b = from[i + 32], c = from[i + 64], d = from[i + 96];
        out[64 * half + i] = static_cast<uint8_t>((a & 15) | ((c & 15) << 4));
        out[64 * half + 32 + i] = static_cast<uint8_t>((b & 15) | ((d & 15) << 4));
        out[128 + 32 * half + i] =
            static_cast<uint8_t>((a >> 4) | ((b >> 4) << 2) | ((c >> 4) << 4) | ((d >> 4) << 6));
      }
    }
    std::memcpy(out + 192, block.scales, kSmallParts);
    store16(out + 208, toHalf(block.scale));
  }
}

// ---- the same code with wider registers, where the processor has them ----

typedef void Encode(const float*, size_t, uint8_t*);

void plainQ4_K(const float* x, size_t blocks, uint8_t* out) { encodeLines<15>(x, blocks, out); }
void plainQ5_K(const float* x, size_t blocks, uint8_t* out) { encodeLines<31>(x, blocks, out); }
void plainQ6_K(const float* x, size_t blocks, uint8_t* out) { encodeScales(x, blocks, out); }

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx2")))
WIDE void wideQ4_K(const float* x, size_t blocks, uint8_t* out) { encodeLines<15>(x, blocks, out); }
WIDE void wideQ5_K(const float* x, size_t blocks, uint8_t* out) { encodeLines<31>(x, blocks, out); }
WIDE void wideQ6_K(const float* x, size_t blocks, uint8_t* out) { encodeScales(x, blocks, out); }

Encode* choose(Encode* plain, Encode* wide) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") ? wide : plain;
}
#else
#define wideQ4_K plainQ4_K
#define wideQ5_K plainQ5_K
#define wideQ6_K plainQ6_K

Encode* choose(Encode* plain, Encode*) { return plain; }
#endif

}  // namespace

const BlockType superTypes[] = {
    {"Q4_K", kSuper, 144, choose(plainQ4_K, wideQ4_K)},
    {"Q5_K", kSuper, 176, choose(plainQ5_K, wideQ5_K)},
    {"Q6_K", kSuper, 210, choose(plainQ6_K, wideQ6_K)},
};
const size_t superTypeCount = sizeof superTypes / sizeof *superTypes;

}  // namespace gguf
