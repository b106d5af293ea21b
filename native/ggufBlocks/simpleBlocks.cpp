// F32, F16, BF16, and blocks of 32 values with one scale: Q4_0, Q5_0, Q8_0. The arithmetic is that of the
// Python package gguf, value for value.
#include <cmath>
#include <cstring>

#include "blocks.h"
#include "half.h"

namespace gguf {

namespace {

constexpr size_t kBlock = 32;

void encodeF32(const float* values, size_t count, uint8_t* out) { std::memcpy(out, values, 4 * count); }

void encodeF16(const float* values, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; ++i) store16(out + 2 * i, toHalf(values[i]));
}

void encodeBF16(const float* values, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; ++i) store16(out + 2 * i, toBfloat(values[i]));
}

/// 1 / scale; 0 where there is none in float32.
float inverse(float scale) {
  const float result = scale == 0 ? 0 : 1 / scale;
  return std::isfinite(result) ? result : 0;
}

/// The value farthest from 0, the first of several; it becomes -`center`.
float farthest(const float* x) {
  float largest = x[0];
  for (size_t i = 1; i < kBlock; ++i) {
    if (std::fabs(x[i]) > std::fabs(largest)) largest = x[i];
  }
  return largest;
}

int code(float value, float inverted, int center) {
  const int q = static_cast<int>(value * inverted + (static_cast<float>(center) + 0.5f));
  return q < 2 * center ? q : 2 * center - 1;
}

void encodeQ4_0(const float* x, size_t blocks, uint8_t* out) {
  for (size_t block = 0; block < blocks; ++block, x += kBlock, out += 18) {
    const float scale = farthest(x) / -8;
    const float inverted = inverse(scale);
    store16(out, toHalf(scale));
    for (size_t i = 0; i < 16; ++i) {
      out[2 + i] = static_cast<uint8_t>(code(x[i], inverted, 8) | (code(x[i + 16], inverted, 8) << 4));
    }
  }
}

void encodeQ5_0(const float* x, size_t blocks, uint8_t* out) {
  for (size_t block = 0; block < blocks; ++block, x += kBlock, out += 22) {
    const float scale = farthest(x) / -16;
    const float inverted = inverse(scale);
    store16(out, toHalf(scale));
    uint32_t fifthBits = 0;
    for (size_t i = 0; i < 16; ++i) {
      const uint32_t low = static_cast<uint32_t>(code(x[i], inverted, 16));
      const uint32_t high = static_cast<uint32_t>(code(x[i + 16], inverted, 16));
      out[6 + i] = static_cast<uint8_t>((low & 15) | ((high & 15) << 4));
      fifthBits |= ((low >> 4) << i) | ((high >> 4) << (i + 16));
    }
    std::memcpy(out + 2, &fifthBits, 4);
  }
}

void encodeQ8_0(const float* x, size_t blocks, uint8_t* out) {
  for (size_t block = 0; block < blocks; ++block, x += kBlock, out += 34) {
    const float scale = std::fabs(farthest(x)) / 127;
    const float inverted = inverse(scale);
    store16(out, toHalf(scale));
    for (size_t i = 0; i < kBlock; ++i) {
      out[2 + i] = static_cast<uint8_t>(static_cast<int8_t>(std::round(x[i] * inverted)));
    }
  }
}

}  // namespace

const BlockType simpleTypes[] = {
    {"F32", 1, 4, encodeF32},        {"F16", 1, 2, encodeF16},        {"BF16", 1, 2, encodeBF16},
    {"Q4_0", kBlock, 18, encodeQ4_0}, {"Q5_0", kBlock, 22, encodeQ5_0}, {"Q8_0", kBlock, 34, encodeQ8_0},
};
const size_t simpleTypeCount = sizeof simpleTypes / sizeof *simpleTypes;

}  // namespace gguf
