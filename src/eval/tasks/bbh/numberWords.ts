/** English words for whole numbers, as lm-evaluation-harness finds and the package word2number 1.1 reads them. */
import { spaceClass } from "../../../util/codePoints.js";
import { splitWords } from "../../python/index.js";

const units: Readonly<Record<string, number>> = {
  ...named("zero one two three four five six seven eight nine ten eleven twelve thirteen", 0),
  ...named("fourteen fifteen sixteen seventeen eighteen nineteen", 14),
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
  hundred: 100,
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
};

function named(words: string, from: number): Record<string, number> {
  return Object.fromEntries(words.split(" ").map((word, i) => [word, from + i]));
}

const digits = "zero|one|two|three|four|five";
const rest = "ten|eleven|twelve|fourteen|hundred|thousand|(?:m|b|tr)illion";
const stems = "(?:twen|thir|for|fif|six|seven|nine)";
/** Within a number a stem may stand alone, at its ends it needs `teen` or `ty`. */
const first = `(?:${digits}|${stems}(?:teen|ty)|eight(?:|een|y)|${rest})`;
const inner = `(?:${digits}|${stems}(?:|teen|ty)|eight(?:een|y)|${rest}|(?![\\r\\n])[${spaceClass}]|,|and|&)`;
const last = `(?:${digits}|${stems}(?:teen|ty)|eight(?:een|y)|${rest})`;
const numberWords = new RegExp(`(?:${first}${inner}+)?${last}`, "gu");

/**
 * The number that words of a text spell, as digits; of several the one at `select`, negative ones from
 * the end. Undefined where there is none, and where word2number refuses it.
 */
export function spelledNumber(text: string, select: number): string | undefined {
  const found = [...text.toLowerCase().matchAll(numberWords)].at(select);
  const value = found && wholeNumber(splitWords(found[0]).filter((word) => word in units));
  return value === undefined ? undefined : String(value);
}

function wholeNumber(words: readonly string[]): number | undefined {
  if (words.length === 0) return undefined;
  if (words.length === 1) return units[words[0]!];
  const scales = ["billion", "million", "thousand"];
  if (scales.some((scale) => words.indexOf(scale) !== words.lastIndexOf(scale))) return undefined;
  let sum = 0;
  let start = 0;
  for (const scale of scales) {
    const at = words.indexOf(scale);
    if (at < 0) continue;
    const count = at < start ? undefined : smallNumber(words.slice(start, at));
    if (count === undefined) return undefined;
    sum += count * units[scale]!;
    start = at + 1;
  }
  // What follows the last scale; where that ends the number, word2number adds what follows the one before.
  const before = scales.map((scale) => words.indexOf(scale)).reverse();
  const open = before.find((at) => at >= 0 && at < words.length - 1);
  if (open === undefined && start > 0) return sum;
  const remainder = smallNumber(words.slice((open ?? -1) + 1));
  return remainder === undefined ? undefined : sum + remainder;
}

/** A number below a thousand; more than four words count as their first, as in word2number. */
function smallNumber(words: readonly string[]): number | undefined {
  const [a, b, c, d] = words.map((word) => units[word]!);
  if (words.length === 4) return a! * b! + c! + d!;
  if (words.length === 3) return a! * b! + c!;
  if (words.length === 2) return a === 100 || b === 100 ? a! * b! : a! + b!;
  return a;
}
