/** The words that a byte-level tokenizer merges within, by the rules of its tokenizer.json. */
import { isRecord } from "../../util/isRecord.js";

/** Cuts a text into words that, joined, are the text again. */
export type WordSplitter = (text: string) => string[];

/** GPT-2's words, which a `ByteLevel` rule cuts unless it is told not to. */
const gpt2Words =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * The splitter of a `pre_tokenizer`, or undefined where it has a rule that is not known here or
 * where no `ByteLevel` rule turns words into bytes.
 */
export function wordSplitter(preTokenizer: unknown): WordSplitter | undefined {
  const rules = flatten(preTokenizer);
  if (rules.at(-1)?.type !== "ByteLevel") return undefined;
  const stages: WordSplitter[] = [];
  for (const [index, rule] of rules.entries()) {
    const words = wordsOf(rule, index === rules.length - 1);
    if (words === undefined) return undefined;
    if (words !== null) stages.push(splitBy(new RegExp(words, "gu")));
  }
  return (text) => {
    let words = [text];
    for (const stage of stages) {
      words = words.length === 1 ? stage(words[0]!) : words.flatMap(stage);
    }
    return words;
  };
}

function flatten(preTokenizer: unknown): Record<string, unknown>[] {
  if (!isRecord(preTokenizer)) return [];
  if (preTokenizer.type !== "Sequence") return [preTokenizer];
  const { pretokenizers } = preTokenizer;
  return Array.isArray(pretokenizers) ? pretokenizers.flatMap(flatten) : [];
}

/** What the words of a rule match; null where it cuts nothing, undefined where it is not known. */
function wordsOf(rule: Record<string, unknown>, isLast: boolean): string | null | undefined {
  switch (rule.type) {
    case "ByteLevel":
      if (rule.add_prefix_space !== false || !isLast) return undefined;
      return rule.use_regex === false ? null : gpt2Words;
    case "Digits":
      return rule.individual_digits === true ? "\\p{N}|\\P{N}+" : "\\p{N}+|\\P{N}+";
    case "Split": {
      const regex = isRecord(rule.pattern) ? rule.pattern.Regex : undefined;
      const isolated = rule.behavior === "Isolated" && rule.invert === false;
      return isolated && typeof regex === "string" ? toJavaScript(regex) : undefined;
    }
    default:
      return undefined;
  }
}

const property = "\\\\p\\{(?:L|Lu|Ll|Lt|Lm|Lo|M|N|P|S)\\}";
const inClass = `${property}|\\\\[srntS\\-[\\]\\\\]|[^[\\]\\\\&]|&(?!&)`;
const quantifier = "(?:[?*+]|\\{\\d(?:,\\d?)?\\})(?![?+])";
const outside = "\\\\[srntS]|\\((?:\\?[:!=])?|\\)|\\||[ '!\"#%,/:;<=>@_`~\\w-]";

/** Regular expressions of which JavaScript and the library's engine (Oniguruma) read all parts alike. */
const common = new RegExp(`^(?:${property}|\\[\\^?(?:${inClass})+\\]|${quantifier}|${outside})+$`);

/** A regular expression for JavaScript, or undefined where it might not mean the same there. */
function toJavaScript(pattern: string): string | undefined {
  // Node 20 has no groups that ignore case: each letter becomes a class of two.
  const expanded = pattern.replace(/\(\?i:([a-z'|]+)\)/g, (_, words: string) => {
    return `(?:${words.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)})`;
  });
  if (!common.test(expanded)) return undefined;
  return new RegExp(`^(?:${expanded})`, "u").test("") ? undefined : expanded;
}

/** What matches is a word, and so is what lies between. */
function splitBy(regex: RegExp): WordSplitter {
  return (text) => {
    const matches = text.match(regex) ?? [];
    let length = 0;
    for (const match of matches) length += match.length;
    // Nearly all patterns match everywhere, and fetching the places too takes thrice as long.
    return length === text.length ? matches : withGaps(text, regex);
  };
}

function withGaps(text: string, regex: RegExp): string[] {
  const words: string[] = [];
  let at = 0;
  for (const { 0: match, index } of text.matchAll(regex)) {
    if (index > at) words.push(text.slice(at, index));
    words.push(match);
    at = index + match.length;
  }
  if (at < text.length) words.push(text.slice(at));
  return words;
}
