// The two kernels in vector types. kernels.cpp includes this once for each instruction set, with MINHASH_TARGET
// naming it and MINHASH_BYTES the width of its vectors: vector types are lowered before functions are inlined, and
// wider ones than the processor has are lowered badly, so one generic body would not do.

typedef uint32_t Words __attribute__((vector_size(MINHASH_BYTES)));
typedef uint64_t Wide __attribute__((vector_size(MINHASH_BYTES)));
typedef int64_t SignedWide __attribute__((vector_size(MINHASH_BYTES)));

static constexpr size_t kGroup = MINHASH_BYTES / sizeof(uint32_t), kWide = MINHASH_BYTES / sizeof(uint64_t);

MINHASH_TARGET static void sha1Group(const uint32_t* words, size_t blocks, uint32_t* first, uint32_t* second) {
  Words h0 = Words{} + 0x67452301u, h1 = Words{} + 0xefcdab89u, h2 = Words{} + 0x98badcfeu, h3 = Words{} + 0x10325476u,
        h4 = Words{} + 0xc3d2e1f0u;
  for (size_t block = 0; block < blocks; ++block) {
    Words w[16];
    for (size_t i = 0; i < 16; ++i) std::memcpy(&w[i], words + (block * 16 + i) * kLanes, sizeof w[i]);
    Words a = h0, b = h1, c = h2, d = h3, e = h4;
    int t = 0;
#pragma GCC unroll 16
    for (; t < 16; ++t) STEP((b & c) | (~b & d), 0x5a827999u)
#pragma GCC unroll 4
    for (; t < 20; ++t) {
      SCHEDULE
      STEP((b & c) | (~b & d), 0x5a827999u)
    }
#pragma GCC unroll 20
    for (; t < 40; ++t) {
      SCHEDULE
      STEP(b ^ c ^ d, 0x6ed9eba1u)
    }
#pragma GCC unroll 20
    for (; t < 60; ++t) {
      SCHEDULE
      STEP((b & c) | (b & d) | (c & d), 0x8f1bbcdcu)
    }
#pragma GCC unroll 20
    for (; t < 80; ++t) {
      SCHEDULE
      STEP(b ^ c ^ d, 0xca62c1d6u)
    }
    h0 += a;
    h1 += b;
    h2 += c;
    h3 += d;
    h4 += e;
  }
  for (size_t lane = 0; lane < kGroup; ++lane) {
    first[lane] = __builtin_bswap32(h0[lane]);
    second[lane] = __builtin_bswap32(h1[lane]);
  }
}

MINHASH_TARGET static void sha1Lanes(const uint32_t* words, size_t blocks, uint32_t* first, uint32_t* second) {
  for (size_t lane = 0; lane < kLanes; lane += kGroup) sha1Group(words + lane, blocks, first + lane, second + lane);
}

// With p = 2^61 - 1: x mod p is s = (x & p) + (x >> 61), less p where s >= p; and taking p away adds 1 to the
// low 32 bits. s >= p where bit 61 of s + 1 is set.
MINHASH_TARGET static void minimise(const uint32_t* hashes, size_t count, const uint64_t* a, const uint64_t* b, size_t permutations, uint32_t* out) {
  constexpr uint64_t prime = (1ull << 61) - 1;
  for (size_t p = 0; p < permutations; p += 2 * kWide) {
    Wide a0, a1, b0, b1;
    std::memcpy(&a0, a + p, sizeof a0);
    std::memcpy(&a1, a + p + kWide, sizeof a1);
    std::memcpy(&b0, b + p, sizeof b0);
    std::memcpy(&b1, b + p + kWide, sizeof b1);
    SignedWide best0 = SignedWide{} + 0xffffffffll, best1 = best0;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t hash = hashes[i];
      const Wide x0 = a0 * hash + b0, x1 = a1 * hash + b1;
      const Wide s0 = (x0 & prime) + (x0 >> 61), s1 = (x1 & prime) + (x1 >> 61);
      const SignedWide r0 = (SignedWide)((s0 + ((s0 + 1) >> 61)) & 0xffffffffull);
      const SignedWide r1 = (SignedWide)((s1 + ((s1 + 1) >> 61)) & 0xffffffffull);
      best0 = r0 < best0 ? r0 : best0;
      best1 = r1 < best1 ? r1 : best1;
    }
    for (size_t lane = 0; lane < kWide; ++lane) {
      out[p + lane] = static_cast<uint32_t>(best0[lane]);
      out[p + kWide + lane] = static_cast<uint32_t>(best1[lane]);
    }
  }
}
