// Chooses the kernels by what the processor has.
#include "kernels.h"

#include <cstring>

namespace minhash {

#define ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))
#define STEP(function, constant)                                              \
  {                                                                           \
    const Words next = ROTATE(a, 5) + (function) + e + (constant) + w[t & 15]; \
    e = d;                                                                    \
    d = c;                                                                    \
    c = ROTATE(b, 30);                                                        \
    b = a;                                                                    \
    a = next;                                                                 \
  }
#define SCHEDULE                                                              \
  {                                                                           \
    const Words mixed = w[(t + 13) & 15] ^ w[(t + 8) & 15] ^ w[(t + 2) & 15] ^ w[t & 15]; \
    w[t & 15] = ROTATE(mixed, 1);                                             \
  }

namespace plain {
#define MINHASH_TARGET
#define MINHASH_BYTES 16
#include "lanes.h"
#undef MINHASH_TARGET
#undef MINHASH_BYTES
}  // namespace plain

#if defined(__x86_64__)
namespace avx2 {
#define MINHASH_TARGET __attribute__((target("avx2")))
#define MINHASH_BYTES 32
#include "lanes.h"
#undef MINHASH_TARGET
#undef MINHASH_BYTES
}  // namespace avx2

namespace avx512 {
#define MINHASH_TARGET __attribute__((target("avx512f,avx512dq")))
#define MINHASH_BYTES 64
#include "lanes.h"
#undef MINHASH_TARGET
#undef MINHASH_BYTES
}  // namespace avx512
#endif

namespace {

void sha1Block(const uint8_t* bytes, uint32_t (&h)[5]) {
  using Words = uint32_t;
  Words w[16];
  for (size_t i = 0; i < 16; ++i) {
    std::memcpy(&w[i], bytes + 4 * i, 4);
    w[i] = __builtin_bswap32(w[i]);
  }
  Words a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
  for (int t = 0; t < 80; ++t) {
    if (t >= 16) SCHEDULE
    if (t < 20) STEP((b & c) | (~b & d), 0x5a827999u)
    else if (t < 40) STEP(b ^ c ^ d, 0x6ed9eba1u)
    else if (t < 60) STEP((b & c) | (b & d) | (c & d), 0x8f1bbcdcu)
    else STEP(b ^ c ^ d, 0xca62c1d6u)
  }
  h[0] += a;
  h[1] += b;
  h[2] += c;
  h[3] += d;
  h[4] += e;
}

}  // namespace

void sha1(const uint8_t* bytes, size_t length, uint32_t& first, uint32_t& second) {
  uint32_t h[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
  size_t from = 0;
  for (; from + 64 <= length; from += 64) sha1Block(bytes + from, h);
  uint8_t end[128] = {};
  const size_t rest = length - from;
  if (rest) std::memcpy(end, bytes + from, rest);
  end[rest] = 0x80;
  const size_t bytesLeft = rest + 9 <= 64 ? 64 : 128;
  const uint64_t bits = __builtin_bswap64(static_cast<uint64_t>(length) * 8);
  std::memcpy(end + bytesLeft - 8, &bits, 8);
  for (size_t block = 0; block < bytesLeft; block += 64) sha1Block(end + block, h);
  first = __builtin_bswap32(h[0]);
  second = __builtin_bswap32(h[1]);
}

bool supports(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
  if (set == InstructionSet::avx2) return __builtin_cpu_supports("avx2");
#endif
  return set == InstructionSet::plain;
}

const Kernels& kernels(InstructionSet set) {
  static constexpr Kernels ofPlain{plain::sha1Lanes, plain::minimise};
#if defined(__x86_64__)
  static constexpr Kernels ofAvx2{avx2::sha1Lanes, avx2::minimise};
  static constexpr Kernels ofAvx512{avx512::sha1Lanes, avx512::minimise};
  if (set == InstructionSet::avx512) return ofAvx512;
  if (set == InstructionSet::avx2) return ofAvx2;
#endif
  return ofPlain;
}

}  // namespace minhash
