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
