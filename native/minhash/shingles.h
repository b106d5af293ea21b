// A text as the byte strings that are hashed: n consecutive tokens each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace minhash {

// What a token is. The numbers are those that JavaScript uses.
enum class Unit : uint32_t {
  // Characters of scripts written without spaces one by one, words of the others.
  mixed = 0,
  // Every character, spaces included.
  character = 1,
  // What lies between characters that Python's \W matches, empty ones included.
  word = 2,
  // What lies between characters that are not A-Z, a-z, 0-9 or _, empty ones included.
  ascii = 3,
  // What lies between white space.
  space = 4,
};
inline constexpr uint32_t kUnits = 5;

// The tokens of a text, joined as the reference joins them (by a space, or by nothing for characters),
// so that a shingle is a stretch of `bytes`.
class Shingles {
 public:
  // Reads UTF-16. A surrogate without its other half becomes U+FFFD.
  void read(const char16_t* text, size_t length, Unit unit, uint32_t tokensEach, bool wholeWhenShort);

  size_t count() const { return count_; }
  // Whether the only shingle is a text that is too short for one.
  bool isShort() const { return short_; }
  const uint8_t* bytes(size_t shingle) const { return bytes_.get() + starts_[shingle]; }
  size_t length(size_t shingle) const { return ends_[shingle + each_ - 1] - starts_[shingle]; }

 private:
  void reserve(size_t length);

  // Offsets have four bytes: a string of JavaScript has fewer than 2^29 units, so at most 2^31 bytes and spaces.
  std::unique_ptr<uint8_t[]> bytes_;
  std::unique_ptr<uint32_t[]> starts_, ends_;
  size_t capacity_ = 0;
  size_t count_ = 0, each_ = 1;
  bool short_ = false;
};

// The first eight bytes of each shingle's SHA-1, read little-endian: the low half is what the reference hashes with.
class Hasher {
 public:
  explicit Hasher(const struct Kernels& kernels) : kernels_(kernels) {}
  // Hashes in no particular order, repeated shingles repeated.
  void hash(const Shingles& shingles, std::vector<uint32_t>& first, std::vector<uint32_t>& second);

 private:
  static constexpr size_t kMostBlocks = 8;
  struct Lanes {
    std::vector<uint32_t> words;
    size_t filled = 0;
  };
  void run(Lanes& lanes, size_t blocks, std::vector<uint32_t>& first, std::vector<uint32_t>& second);

  const Kernels& kernels_;
  Lanes lanes_[kMostBlocks + 1];
};

}  // namespace minhash
