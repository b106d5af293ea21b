/** Letter case and classes of characters as Python's `str` knows them. */
import { characters, isSpace } from "../../util/codePoints.js";

/** Titlecase where it is not the uppercase and no rule below gives it: Unicode's UnicodeData and SpecialCasing. */
const titles = new Map([
  ..."ǄǆǇǉǊǌǱǳ"
    .split("")
    .map((letter) => [letter, "ǅǈǋǲ"["ǄǆǇǉǊǌǱǳ".indexOf(letter) >> 1]!] as const),
  ["ŉ", "ʼN"],
  ["ᾲ", "\u1fba\u0345"],
  ["ᾴ", "\u0386\u0345"],
  ["ᾷ", "\u1fbc\u0342"],
  ["ῂ", "\u1fca\u0345"],
  ["ῄ", "\u0389\u0345"],
  ["ῇ", "\u1fcc\u0342"],
  ["ῲ", "\u1ffa\u0345"],
  ["ῴ", "\u038f\u0345"],
  ["ῷ", "\u1ffc\u0342"],
]);

function titleOf(character: string): string {
  if (character < "\x80") return character.toUpperCase();
  const known = titles.get(character);
  if (known !== undefined) return known;
  if (/[\u10d0-\u10ff\p{Lt}]/u.test(character)) return character;
  const code = character.codePointAt(0)!;
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCodePoint(code | 8);
  if (/[ᾳῃῳ]/.test(character)) return String.fromCodePoint((code & ~15) | 12);
  const [first, ...rest] = character.toUpperCase();
  return first + rest.join("").toLowerCase();
}

/** Each character with its lower case; a sigma's depends on where in its word it is. */
function* lowered(text: string): Iterable<[character: string, lower: string]> {
  const whole = text.toLowerCase();
  let at = 0;
  for (const character of text) {
    const lower = character === "Σ" ? whole[at]! : character.toLowerCase();
    yield [character, lower];
    at += lower.length;
  }
}

export function capitalize(text: string): string {
  let out = "";
  for (const [character, lower] of lowered(text)) out += out === "" ? titleOf(character) : lower;
  return out;
}

const cased = /[\p{Lowercase}\p{Uppercase}\p{Lt}]/u;

/** Python's `str.title()`: a letter after one without case begins a word. */
export function titleCase(text: string): string {
  let out = "";
  let inWord = false;
  for (const [character, lower] of lowered(text)) {
    out += inWord ? lower : titleOf(character);
    inWord = cased.test(character);
  }
  return out;
}

export function swapCase(text: string): string {
  let out = "";
  for (const [character, lower] of lowered(text)) {
    if (/\p{Uppercase}/u.test(character)) out += lower;
    else out += /\p{Lowercase}/u.test(character) ? character.toUpperCase() : character;
  }
  return out;
}

/** Python's `str.casefold()`: full case folding of Unicode. */
export function caseFold(text: string): string {
  let out = "";
  for (const character of text) out += foldOf(character);
  return out;
}

function foldOf(character: string): string {
  if (character === "ı") return character;
  if (character === "ẞ") return "ss";
  const upper = character.toUpperCase();
  if (/\p{Script=Cherokee}/u.test(character)) return upper;
  return [...upper].map((one) => one.toLowerCase()).join("");
}

/** Letters of Unicode that are numbers too, most of them Chinese. */
const numericLetters =
  "㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳贰阡陆陌陸零" +
  "\uf96b\uf973\uf978\uf9b2\uf9d1\uf9d3\uf9fd\u{20001}\u{20064}\u{200e2}\u{20121}\u{2092a}\u{20983}\u{2098c}" +
  "\u{2099c}\u{20aea}\u{20afd}\u{20b19}\u{22390}\u{22998}\u{23b1b}\u{2626d}\u{2f890}";

/** Digits of Unicode that are not decimal: superscripts, in circles and the like. */
const otherDigits =
  "²³¹\u1369-\u1371\u19da⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}" +
  "\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}";

const allOf = (members: string) => {
  const pattern = new RegExp(`^[${members}]+$`, "u");
  return (text: string) => pattern.test(text);
};

/** Python's `str.is…` methods. */
export const classTests: Readonly<Record<string, (text: string) => boolean>> = {
  isalnum: allOf("\\p{L}\\p{N}"),
  isalpha: allOf("\\p{L}"),
  isascii: (text) => !/[\x80-\uffff]/.test(text),
  isdecimal: allOf("\\p{Nd}"),
  isdigit: allOf(`\\p{Nd}${otherDigits}`),
  isidentifier: (text) => /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(text),
  islower: (text) => /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text),
  isnumeric: allOf(`\\p{N}${numericLetters}`),
  isprintable: (text) => !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(text),
  isspace: (text) => text !== "" && characters(text).every(isSpace),
  istitle: isTitle,
  isupper: (text) => /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text),
};

function isTitle(text: string): boolean {
  let inWord = false;
  let any = false;
  for (const character of text) {
    const upper = /[\p{Uppercase}\p{Lt}]/u.test(character);
    const lower = /\p{Lowercase}/u.test(character);
    if (upper ? inWord : lower && !inWord) return false;
    inWord = upper || lower;
    any ||= inWord;
  }
  return any;
}
