#include "shingles.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels.h"
#include "unicodeRanges.h"

namespace minhash {

namespace {

template <size_t N>
bool inRanges(const Range (&ranges)[N], uint32_t code) {
  const Range* found = std::upper_bound(std::begin(ranges), std::end(ranges), code, [](uint32_t value, const Range& range) { return value < range.first; });
  return found != std::begin(ranges) && code <= (found - 1)->last;
}

constexpr uint8_t kWord = 1, kMark = 2, kSingle = 4, kSpace = 8;

// Scripts that do not put spaces between words: Han with its radicals and numerals, kana, bopomofo,
// Thai, Lao, Tibetan, Myanmar, Khmer, Yi. (Korean does.)
constexpr Range kSingles[] = {
    {0x0e00, 0x0eff}, {0x0f00, 0x0fff}, {0x1000, 0x109f}, {0x1780, 0x17ff}, {0x2e80, 0x2fdf},   {0x3005, 0x3007},
    {0x3021, 0x3029}, {0x3038, 0x303b}, {0x3041, 0x30ff}, {0x3105, 0x312f}, {0x31a0, 0x31bf},   {0x31f0, 0x31ff},
    {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa000, 0xa4cf}, {0xf900, 0xfaff}, {0x1b000, 0x1b16f}, {0x20000, 0x3fffd},
};

uint8_t classify(uint32_t code) {
  uint8_t result = 0;
  if (inRanges(kWordRanges, code)) result |= kWord;
  if (inRanges(kMarkRanges, code)) result |= kMark;
  if (inRanges(kSingles, code)) result |= kSingle;
  // What Python's str.split() splits at.
  if ((code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x20) || code == 0x85 || code == 0xa0 || code == 0x1680 ||
      (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000)
    result |= kSpace;
  return result;
}

uint8_t classOf(uint32_t code) {
  static const auto table = [] {
    std::array<uint8_t, 0x10000> classes;
    for (uint32_t i = 0; i < classes.size(); ++i) classes[i] = classify(i);
    return classes;
  }();
  return code < table.size() ? table[code] : classify(code);
}

bool isAsciiWord(uint32_t c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z'); }

void decode(const char16_t* text, size_t length, std::vector<uint32_t>& out) {
  out.clear();
  for (size_t i = 0; i < length; ++i) {
    const uint32_t unit = text[i];
    if (unit < 0xd800 || unit > 0xdfff) {
      out.push_back(unit);
    } else if (unit < 0xdc00 && i + 1 < length && text[i + 1] >= 0xdc00 && text[i + 1] <= 0xdfff) {
      out.push_back(0x10000 + ((unit - 0xd800) << 10) + (text[++i] - 0xdc00u));
    } else {
      out.push_back(0xfffd);
    }
  }
}

}  // namespace

void Shingles::append(uint32_t code) {
  if (code < 0x80) {
    bytes_.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    bytes_.push_back(static_cast<char>(0xc0 | (code >> 6)));
    bytes_.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    bytes_.push_back(static_cast<char>(0xe0 | (code >> 12)));
    bytes_.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
    bytes_.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    bytes_.push_back(static_cast<char>(0xf0 | (code >> 18)));
    bytes_.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3f)));
    bytes_.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3f)));
    bytes_.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

// As re.split does: a text of nothing has one empty token.
void Shingles::split(const std::vector<uint32_t>& text, Unit unit) {
  begin();
  for (const uint32_t code : text) {
    if (unit == Unit::ascii ? isAsciiWord(code) : (classOf(code) & kWord) != 0) {
      append(code);
    } else {
      end();
      bytes_.push_back(' ');
      begin();
    }
  }
  end();
}

void Shingles::pick(const std::vector<uint32_t>& text, Unit unit) {
  bool open = false;
  const auto close = [&] {
    if (open) end();
    open = false;
  };
  const auto start = [&] {
    if (!starts_.empty()) bytes_.push_back(' ');
    begin();
    open = true;
  };
  for (const uint32_t code : text) {
    const uint8_t kind = classOf(code);
    if (unit == Unit::space) {
      if (kind & kSpace) {
        close();
        continue;
      }
    } else if (!(kind & (kWord | kMark))) {
      close();
      continue;
    } else if (kind & kSingle) {
      close();
    }
    if (!open) start();
    append(code);
    if (unit == Unit::mixed && (kind & kSingle)) close();
  }
  close();
}

void Shingles::read(const char16_t* text, size_t length, Unit unit, uint32_t tokensEach, bool wholeWhenShort) {
  bytes_.clear();
  starts_.clear();
  ends_.clear();
  each_ = tokensEach;
  decode(text, length, codePoints_);
  if (unit == Unit::character) {
    for (const uint32_t code : codePoints_) {
      begin();
      append(code);
      end();
    }
  } else if (unit == Unit::word || unit == Unit::ascii) {
    split(codePoints_, unit);
  } else {
    pick(codePoints_, unit);
  }
  if (starts_.size() >= each_) {
    count_ = starts_.size() - each_ + 1;
    return;
  }
  count_ = wholeWhenShort ? 1 : 0;
  if (!wholeWhenShort) return;
  // One shingle of all tokens; of the text as it is where it has none, so that "?" and "!" differ.
  bool empty = true;
  for (size_t i = 0; i < starts_.size(); ++i) empty = empty && starts_[i] == ends_[i];
  if (empty) {
    bytes_.clear();
    for (const uint32_t code : codePoints_) append(code);
  }
  starts_.assign(1, 0);
  ends_.assign(1, bytes_.size());
  each_ = 1;
}

void Hasher::run(Lanes& lanes, size_t blocks, std::vector<uint32_t>& first, std::vector<uint32_t>& second) {
  uint32_t low[kLanes], high[kLanes];
  kernels_.sha1Lanes(lanes.words.data(), blocks, low, high);
  first.insert(first.end(), low, low + lanes.filled);
  second.insert(second.end(), high, high + lanes.filled);
  lanes.filled = 0;
}

void Hasher::hash(const Shingles& shingles, std::vector<uint32_t>& first, std::vector<uint32_t>& second) {
  first.clear();
  second.clear();
  uint8_t padded[64];
  Lanes wide;
  for (size_t shingle = 0; shingle < shingles.count(); ++shingle) {
    const uint8_t* bytes = shingles.bytes(shingle);
    const size_t length = shingles.length(shingle);
    const size_t blocks = (length + 9 + 63) / 64;
    Lanes& lanes = blocks <= kMostBlocks ? lanes_[blocks] : wide;
    if (lanes.words.size() < blocks * 16 * kLanes) lanes.words.resize(blocks * 16 * kLanes);
    for (size_t block = 0; block < blocks; ++block) {
      const size_t from = block * 64;
      const size_t here = length > from ? std::min<size_t>(64, length - from) : 0;
      if (here < 64) std::memset(padded, 0, 64);
      if (here) std::memcpy(padded, bytes + from, here);
      if (length >= from && length < from + 64) padded[length - from] = 0x80;
      if (block + 1 == blocks) {
        const uint64_t bits = __builtin_bswap64(static_cast<uint64_t>(length) * 8);
        std::memcpy(padded + 56, &bits, 8);
      }
      uint32_t* words = lanes.words.data() + block * 16 * kLanes + lanes.filled;
      for (size_t i = 0; i < 16; ++i) {
        uint32_t word;
        std::memcpy(&word, padded + 4 * i, 4);
        words[i * kLanes] = __builtin_bswap32(word);
      }
    }
    // A shingle of more blocks has no company: it runs by itself.
    if (++lanes.filled == kLanes || blocks > kMostBlocks) run(lanes, blocks, first, second);
  }
  for (size_t blocks = 1; blocks <= kMostBlocks; ++blocks) {
    if (lanes_[blocks].filled) run(lanes_[blocks], blocks, first, second);
  }
}

}  // namespace minhash
