// The two loops that a signature's time goes into, sixteen lanes at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace minhash {

inline constexpr size_t kLanes = 16;

struct Kernels {
  // SHA-1 of `kLanes` messages of `blocks` padded 64-byte blocks each. `words` is [blocks][16][kLanes], as the
  // numbers that big-endian bytes mean; `first` and `second` are digest bytes 0-3 and 4-7 read little-endian.
  void (*sha1Lanes)(const uint32_t* words, size_t blocks, uint32_t* first, uint32_t* second);

  // The reference's permutations: out[p] = min over h of ((h a[p] + b[p]) mod 2^64 mod (2^61 - 1)) & 0xffffffff,
  // and 0xffffffff where there is no h. `permutations` is a multiple of `kLanes`.
  void (*minimise)(const uint32_t* hashes, size_t count, const uint64_t* a, const uint64_t* b, size_t permutations,
                   uint32_t* out);
};

// The numbers are those that JavaScript uses.
enum class InstructionSet : uint32_t { plain = 0, avx2 = 1, avx512 = 2 };

// The same digest bytes of one message, without any vectors.
void sha1(const uint8_t* bytes, size_t length, uint32_t& first, uint32_t& second);

bool supports(InstructionSet set);
const Kernels& kernels(InstructionSet set);

}  // namespace minhash
