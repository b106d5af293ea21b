// 16-bit floating point numbers, rounded to nearest, ties to even.
#pragma once

#include <cstdint>
#include <cstring>

namespace gguf {

inline float bitsToFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

inline uint32_t floatToBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

/// IEEE half; values beyond its range become infinite.
inline uint16_t toHalf(float value) {
  const uint32_t bits = floatToBits(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  const uint32_t size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return sign | 0x7e00u;
  if (size >= 0x477ff000u) return sign | 0x7c00u;
  if (size < 0x38800000u) {
    // Adding 0.5 leaves the subnormal's bits at the end of the sum, rounded.
    const float sum = bitsToFloat(size) + 0.5f;
    return sign | static_cast<uint16_t>(floatToBits(sum) - 0x3f000000u);
  }
  const uint32_t rounded = size + 0xfffu + ((size >> 13) & 1u);
  return sign | static_cast<uint16_t>((rounded - 0x38000000u) >> 13);
}

inline float fromHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu;
  const uint32_t fraction = half & 0x3ffu;
  if (exponent == 31) return bitsToFloat(sign | 0x7f800000u | (fraction << 13));
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -value : value;
  }
  return bitsToFloat(sign | ((exponent + 112) << 23) | (fraction << 13));
}

inline uint16_t toBfloat(float value) {
  const uint32_t bits = floatToBits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float fromBfloat(uint16_t value) { return bitsToFloat(static_cast<uint32_t>(value) << 16); }

inline void store16(uint8_t* out, uint16_t value) { std::memcpy(out, &value, 2); }

}  // namespace gguf
