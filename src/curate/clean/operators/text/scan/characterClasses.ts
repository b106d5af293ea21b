/** One table lookup for each character: what it is for the filters. */

/** Bits of {@link characterClass}. */
export const letter = 1;
export const digit = 2;
export const space = 4;
export const han = 8;
export const kana = 16;
export const hangul = 32;
export const latin = 64;
/** Punctuation of ordinary Chinese and English prose. */
export const everydayPunctuation = 128;

const everyday = new Set(
  ".,;:?!'\"()-/%&、，。；：？！“”‘’（）《》〈〉【】「」『』—…·～–％[]*#@+=<>$￥¥°_`|\\",
);

let table: Uint8Array | undefined;

/** Classes of the code units of the basic plane; made once in a thread, in some 30 ms. */
function basicPlane(): Uint8Array {
  if (table) return table;
  const tests: [RegExp, number][] = [
    [/[\p{L}\p{M}]/u, letter],
    [/\p{N}/u, digit],
    [/\s/u, space],
    [/[\p{Script=Han}]/u, han],
    [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, kana],
    [/\p{Script=Hangul}/u, hangul],
    [/\p{Script=Latin}/u, latin],
  ];
  table = new Uint8Array(0x10000);
  for (let code = 0; code < 0x10000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const character = String.fromCharCode(code);
    let bits = everyday.has(character) ? everydayPunctuation : 0;
    for (const [test, bit] of tests) if (test.test(character)) bits |= bit;
    table[code] = bits;
  }
  return table;
}

/** The class bits of a code point. */
export function characterClass(codePoint: number): number {
  if (codePoint < 0x10000) return basicPlane()[codePoint]!;
  if (codePoint >= 0x20000 && codePoint < 0x34000) return letter | han;
  if (codePoint >= 0x1d400 && codePoint < 0x1d7ce) return letter;
  if (codePoint >= 0x1d7ce && codePoint < 0x1d800) return digit;
  return codePoint < 0x1b200 && codePoint >= 0x1aff0 ? letter | kana : 0;
}

/** Numbers of the characters of a text, by class. */
export interface ClassCounts {
  /** Code points. */
  total: number;
  letters: number;
  digits: number;
  spaces: number;
  han: number;
  kana: number;
  hangul: number;
  latin: number;
  /** Neither letter, digit, space nor everyday punctuation. */
  symbols: number;
}

export function countClasses(text: string): ClassCounts {
  const classes = basicPlane();
  const counts = { total: 0, letters: 0, digits: 0, spaces: 0, symbols: 0 };
  const scripts = { han: 0, kana: 0, hangul: 0, latin: 0 };
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    let bits = classes[unit]!;
    if (unit >= 0xd800 && unit < 0xdc00) {
      const codePoint = text.codePointAt(index)!;
      if (codePoint > 0xffff) index++;
      bits = characterClass(codePoint);
    }
    counts.total++;
    if (bits & letter) counts.letters++;
    else if (bits & digit) counts.digits++;
    else if (bits & space) counts.spaces++;
    else if (!(bits & everydayPunctuation)) counts.symbols++;
    if (bits & han) scripts.han++;
    else if (bits & latin) scripts.latin++;
    else if (bits & kana) scripts.kana++;
    else if (bits & hangul) scripts.hangul++;
  }
  return { ...counts, ...scripts };
}

/** Number of code points: what a reader calls characters. */
export function countCharacters(text: string): number {
  let pairs = 0;
  for (let index = 0; index < text.length - 1; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(index + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      pairs++;
      index++;
    }
  }
  return text.length - pairs;
}
