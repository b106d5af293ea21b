// Shingles that carry no weight because many texts have them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace minhash {

// A shingle by the first eight bytes of its SHA-1.
inline uint64_t wholeHash(uint32_t first, uint32_t second) { return static_cast<uint64_t>(second) << 32 | first; }

// A set of hashes, which are random already: a table of twice as many places, searched from the place of their low bits.
class Common {
 public:
  Common(const uint64_t* hashes, size_t count) {
    if (count == 0) return;
    size_t places = 16;
    while (places < 2 * count) places *= 2;
    // 0 is an empty place: a shingle with that hash counts always.
    table_.assign(places, 0);
    for (size_t i = 0; i < count; ++i) {
      size_t place = hashes[i] & (places - 1);
      while (table_[place] != 0 && table_[place] != hashes[i]) place = (place + 1) & (places - 1);
      table_[place] = hashes[i];
    }
  }

  bool has(uint64_t hash) const {
    if (table_.empty() || hash == 0) return false;
    const size_t mask = table_.size() - 1;
    size_t place = hash & mask;
    while (table_[place] != 0 && table_[place] != hash) place = (place + 1) & mask;
    return table_[place] == hash;
  }

  // Takes them out of a text's shingles; a text that has no others keeps them all.
  void leaveOut(std::vector<uint32_t>& first, std::vector<uint32_t>& second) const {
    if (table_.empty()) return;
    size_t kept = 0;
    std::vector<size_t> own;
    for (size_t i = 0; i < first.size(); ++i) {
      if (!has(wholeHash(first[i], second[i]))) own.push_back(i);
    }
    if (own.empty()) return;
    for (const size_t i : own) {
      first[kept] = first[i];
      second[kept++] = second[i];
    }
    first.resize(kept);
    second.resize(kept);
  }

 private:
  std::vector<uint64_t> table_;
};

}  // namespace minhash
