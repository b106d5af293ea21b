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

constexpr uint8_t kWord = 1, kMark = 2, kSingle = 4, kSpace = 8, kAscii = 16;

// Scripts that do not put spaces between words: Han with its radicals and numerals, kana, bopomofo,
// Thai, Lao, Tibetan, Myanmar, Khmer, Yi. (Korean does.)
constexpr Range kSingles[] = {
    {0x0e00, 0x0eff}, {0x0f00, 0x0fff}, {0x1000, 0x109f}, {0x1780, 0x17ff}, {0x2e80, 0x2fdf},   {0x3005, 0x3007},
    {0x3021, 0x3029}, {0x3038, 0x303b}, {0x3041, 0x30ff}, {0x3105, 0x312f}, {0x31a0, 0x31bf},   {0x31f0, 0x31ff},
    {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa000, 0xa4cf}, {0xf900, 0xfaff}, {0x1b000, 0x1b16f}, {0x20000, 0x3fffd},
};

bool isAsciiWord(uint32_t c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z'); }

uint8_t classify(uint32_t code) {
  uint8_t result = 0;
  if (inRanges(kWordRanges, code)) result |= kWord;
  if (inRanges(kMarkRanges, code)) result |= kMark;
  if (inRanges(kSingles, code)) result |= kSingle;
  // What Python's str.split() splits at.
  if ((code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x20) || code == 0x85 || code == 0xa0 || code == 0x1680 ||
      (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000)
    result |= kSpace;
  if (isAsciiWord(code)) result |= kAscii;
  return result;
}

using Classes = std::array<uint8_t, 0x10000>;

const Classes& classes() {
  static const Classes table = [] {
    Classes result;
    for (uint32_t i = 0; i < result.size(); ++i) result[i] = classify(i);
    return result;
  }();
  return table;
}

// Calls use(code point, its class). A surrogate without its other half becomes U+FFFD.
template <typename Use>
void forEachCodePoint(const char16_t* text, size_t length, Use&& use) {
  const Classes& known = classes();
  for (size_t i = 0; i < length; ++i) {
    const uint32_t unit = text[i];
    if (unit < 0xd800 || unit > 0xdfff) {
      use(unit, known[unit]);
    } else if (unit < 0xdc00 && i + 1 < length && text[i + 1] >= 0xdc00 && text[i + 1] <= 0xdfff) {
      const uint32_t code = 0x10000 + ((unit - 0xd800) << 10) + (text[++i] - 0xdc00u);
      use(code, classify(code));
    } else {
      use(0xfffd, known[0xfffd]);
    }
  }
}

// Puts tokens behind each other. Its pointers stay in registers, as members of Shingles would not.
struct Writer {
  uint8_t* const base;
  uint8_t* at;
  uint32_t *start, *stop;

  Writer(uint8_t* bytes, uint32_t* starts, uint32_t* ends) : base(bytes), at(bytes), start(starts), stop(ends) {}

  void begin() { *start++ = static_cast<uint32_t>(at - base); }
  void end() { *stop++ = static_cast<uint32_t>(at - base); }
  void append(uint32_t code) {
    if (code < 0x80) {
      *at++ = static_cast<uint8_t>(code);
      return;
    }
    if (code < 0x800) {
      *at++ = static_cast<uint8_t>(0xc0 | (code >> 6));
    } else {
      if (code < 0x10000) {
        *at++ = static_cast<uint8_t>(0xe0 | (code >> 12));
      } else {
        *at++ = static_cast<uint8_t>(0xf0 | (code >> 18));
        *at++ = static_cast<uint8_t>(0x80 | ((code >> 12) & 0x3f));
      }
      *at++ = static_cast<uint8_t>(0x80 | ((code >> 6) & 0x3f));
    }
    *at++ = static_cast<uint8_t>(0x80 | (code & 0x3f));
  }
};

// As re.split does: a text of nothing has one empty token.
void split(const char16_t* text, size_t length, uint8_t wanted, Writer& writer) {
  Writer out = writer;
  out.begin();
  forEachCodePoint(text, length, [&](uint32_t code, uint8_t kind) {
    if (kind & wanted) {
      out.append(code);
    } else {
      out.end();
      out.append(' ');
      out.begin();
    }
  });
  out.end();
  writer.at = out.at, writer.start = out.start, writer.stop = out.stop;
}

void pick(const char16_t* text, size_t length, Unit unit, Writer& writer) {
  Writer out = writer;
  bool open = false;
  const auto close = [&] {
    if (open) out.end();
    open = false;
  };
  forEachCodePoint(text, length, [&](uint32_t code, uint8_t kind) {
    const bool inside = unit == Unit::space ? !(kind & kSpace) : (kind & (kWord | kMark)) != 0;
    const bool alone = unit == Unit::mixed && (kind & kSingle);
    if (!inside || alone) close();
    if (!inside) return;
    if (!open) {
      if (out.at != out.base) out.append(' ');
      out.begin();
      open = true;
    }
    out.append(code);
    if (alone) close();
  });
  close();
  writer.at = out.at, writer.start = out.start, writer.stop = out.stop;
}

}  // namespace

void Shingles::reserve(size_t length) {
  if (bytes_ && length <= capacity_) return;
  // Not initialised, so that what is not needed stays untouched. A unit has three bytes of UTF-8 at most, and a space.
  bytes_.reset(new uint8_t[4 * length + 4]);
  starts_.reset(new uint32_t[length + 1]);
  ends_.reset(new uint32_t[length + 1]);
  capacity_ = length;
}

void Shingles::read(const char16_t* text, size_t length, Unit unit, uint32_t tokensEach, bool wholeWhenShort) {
  reserve(length);
  each_ = tokensEach;
  Writer out(bytes_.get(), starts_.get(), ends_.get());
  if (unit == Unit::character) {
    forEachCodePoint(text, length, [&](uint32_t code, uint8_t) {
      out.begin();
      out.append(code);
      out.end();
    });
  } else if (unit == Unit::word || unit == Unit::ascii) {
    split(text, length, unit == Unit::word ? kWord : kAscii, out);
  } else {
    pick(text, length, unit, out);
  }
  const size_t tokens = static_cast<size_t>(out.stop - ends_.get());
  short_ = tokens < each_ && wholeWhenShort;
  if (tokens >= each_) {
    count_ = tokens - each_ + 1;
    return;
  }
  count_ = short_ ? 1 : 0;
  if (!short_) return;
  // One shingle of all tokens; of the text as it is where it has none, so that "?" and "!" differ.
  bool empty = true;
  for (size_t i = 0; i < tokens; ++i) empty = empty && starts_[i] == ends_[i];
  if (empty) {
    out.at = out.base;
    forEachCodePoint(text, length, [&](uint32_t code, uint8_t) { out.append(code); });
  }
  starts_[0] = 0;
  ends_[0] = static_cast<uint32_t>(out.at - out.base);
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
  for (size_t shingle = 0; shingle < shingles.count(); ++shingle) {
    const uint8_t* bytes = shingles.bytes(shingle);
    const size_t length = shingles.length(shingle);
    const size_t blocks = (length + 9 + 63) / 64;
    if (blocks > kMostBlocks) {
      // It has no company of its length, and would take sixteen times its size as a lane.
      uint32_t low, high;
      sha1(bytes, length, low, high);
      first.push_back(low);
      second.push_back(high);
      continue;
    }
    Lanes& lanes = lanes_[blocks];
    if (lanes.words.empty()) lanes.words.resize(blocks * 16 * kLanes);
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
    if (++lanes.filled == kLanes) run(lanes, blocks, first, second);
  }
  for (size_t blocks = 1; blocks <= kMostBlocks; ++blocks) {
    if (lanes_[blocks].filled) run(lanes_[blocks], blocks, first, second);
  }
}

}  // namespace minhash
