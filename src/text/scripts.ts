/** Which scripts a text is written in, and which language that makes it. */

/** Kinds of characters that are counted apart. */
export const scriptNames = [
  "han",
  "kana",
  "hangul",
  "latin",
  "cyrillic",
  "arabic",
  "greek",
  "hebrew",
  "thai",
  "devanagari",
  "letter",
  "digit",
  "space",
  "symbol",
] as const;

export type ScriptName = (typeof scriptNames)[number];

const patterns: Readonly<Record<ScriptName, RegExp>> = {
  han: /\p{Script=Han}/u,
  kana: /[\p{Script=Hiragana}\p{Script=Katakana}]/u,
  hangul: /\p{Script=Hangul}/u,
  latin: /\p{Script=Latin}/u,
  cyrillic: /\p{Script=Cyrillic}/u,
  arabic: /\p{Script=Arabic}/u,
  greek: /\p{Script=Greek}/u,
  hebrew: /\p{Script=Hebrew}/u,
  thai: /\p{Script=Thai}/u,
  devanagari: /\p{Script=Devanagari}/u,
  letter: /\p{L}/u,
  digit: /\p{Nd}/u,
  space: /\s/u,
  symbol: /[\s\S]/u,
};

/** Characters of each kind, in the order of {@link scriptNames}. */
export type ScriptCounts = Float64Array;

const planeSize = 0x10000;
const symbol = scriptNames.indexOf("symbol");
let table: Uint8Array | undefined;

function scriptOf(character: string): number {
  return scriptNames.findIndex((name) => patterns[name].test(character));
}

function scriptTable(): Uint8Array {
  const kinds = new Uint8Array(planeSize).fill(symbol);
  for (let code = 0; code < planeSize; code++) {
    // Lone surrogates are no characters.
    if (code < 0xd800 || code > 0xdfff) kinds[code] = scriptOf(String.fromCharCode(code));
  }
  return kinds;
}

/** Counts Unicode characters, not UTF-16 units. */
export function countScripts(text: string, counts: ScriptCounts): void {
  table ??= scriptTable();
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit < 0xdc00 && index + 1 < text.length) {
      const code = text.codePointAt(index)!;
      if (code >= planeSize) {
        index++;
        const kind = scriptOf(String.fromCodePoint(code));
        counts[kind] = counts[kind]! + 1;
        continue;
      }
    }
    const kind = table[unit]!;
    counts[kind] = counts[kind]! + 1;
  }
}

export function scriptCounts(): ScriptCounts {
  return new Float64Array(scriptNames.length);
}

/** A Chinese, Japanese or Korean character holds about as much as this many Latin letters. */
const lettersPerHan = 3;

/** Share of a text that is Chinese, Japanese or Korean, 0 to 1; undefined without any letter. */
export function eastAsianShare(counts: ScriptCounts): number | undefined {
  const [han = 0, kana = 0, hangul = 0] = counts;
  const letters = counts.subarray(0, scriptNames.indexOf("digit")).reduce((sum, n) => sum + n, 0);
  if (letters === 0) return undefined;
  const eastAsian = (han + kana + hangul) * lettersPerHan;
  return eastAsian / (eastAsian + letters - han - kana - hangul);
}

/**
 * `zh`, `ja` or `ko` where at least half of a text is in their scripts, by which they are told apart
 * more surely than by their n-grams; otherwise what `detect` says (an ISO 639-1 code), and `und`
 * where that is nothing.
 */
export function languageOf(
  text: string,
  counts: ScriptCounts,
  detect: (text: string) => string,
): string {
  const share = eastAsianShare(counts);
  if (share === undefined) return "und";
  if (share < 0.5) return detect(text.slice(0, detectedCharacters)) || "und";
  const [han = 0, kana = 0, hangul = 0] = counts;
  if (hangul > han + kana) return "ko";
  return kana > 0.05 * (han + kana) ? "ja" : "zh";
}

/** More of a text does not make its language surer. */
const detectedCharacters = 2000;
