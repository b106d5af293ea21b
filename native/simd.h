// Loops that are compiled for several instruction sets, of which the processor's is chosen when the addon is loaded.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define TUNEWRIGHT_SIMD __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TUNEWRIGHT_SIMD
#endif
