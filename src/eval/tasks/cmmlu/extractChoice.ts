/** The choice in a generated answer, by CMMLU's own rules (`extract_choice` of src/mp_utils.py). */
import { drawnLetter } from "../drawnLetter.js";

/** Tried in this order; the last group that holds a letter is the choice. */
const statements: readonly RegExp[] = [
  /答案(?:选项)?[是为]：? ?([ABCD])/,
  /答案[是为]选项 ?([ABCD])/,
  /故?选择?：? ?([ABCD])/,
  /([ABCD]) ?选?项[是为]?正确/,
  /正确的?选项[是为] ?([ABCD])/,
  /答案(?:应该)?[是为]([ABCD])/,
  /选项 ?([ABCD]) ?[是为]?正确/,
  /选择答案 ?([ABCD])/,
  /答案?：?([ABCD])/,
  /([ABCD])(?:选?项)?是?符合题意/,
  /答案选项：? ?([ABCD])/,
  /答案(?:选项)?为[^\n]*?([ABCD])/,
];

/** A letter, then words that may hold other letters: the one that is next to the end counts. */
const nearest: readonly RegExp[] = [/([ABCD])[^\n]*?当选/, /([ABCD])[^\n]*?正确/];

const weak = /[^不]是：? ?([ABCD])/;

/** A text that mentions one choice only. */
const single = /^[^ABCD]*([ABCD])[^ABCD]*$/;

/** The choice that a text names; undefined where it names none, or several without a verdict. */
export function findChoice(response: string): string | undefined {
  const [first = ""] = response;
  if (/[ABCD]/.test(first)) return first;
  for (const pattern of statements) {
    const stated = pattern.exec(response)?.[1];
    if (stated) return stated;
  }
  for (const pattern of nearest) {
    const found = nearestLetter(pattern, response);
    if (found) return found;
  }
  return weak.exec(response)?.[1] ?? single.exec(response)?.[1];
}

function nearestLetter(pattern: RegExp, response: string): string | undefined {
  let letter: string | undefined;
  for (let match = pattern.exec(response); match; match = pattern.exec(match[0].slice(1))) {
    letter = match[1];
  }
  return letter;
}

/**
 * The choice that a text names, or, as in CMMLU's own code, any where it names none, so that models that
 * do not answer are not worse off than chance. The reference draws that one anew at each run; here it
 * depends on the key.
 *
 * @param key default: the text
 */
export function extractChoice(response: string, key = response): string {
  return findChoice(response) ?? drawnLetter(key);
}
