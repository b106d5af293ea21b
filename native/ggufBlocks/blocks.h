// Values to blocks of ggml's types. The bytes are the same on every processor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gguf {

/// A type of ggml: how its blocks are made of values.
struct BlockType {
  const char* name;
  size_t elements;
  size_t bytes;
  /// @param values `blocks * elements` of them, finite
  /// @param out `blocks * bytes`
  void (*encode)(const float* values, size_t blocks, uint8_t* out);
};

/// Types with one scale for 32 values, and those without.
extern const BlockType simpleTypes[];
extern const size_t simpleTypeCount;

/// Types with scales of parts that are multiples of one scale for 256 values.
extern const BlockType superTypes[];
extern const size_t superTypeCount;

}  // namespace gguf
