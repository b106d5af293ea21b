/** Filters of generated answers, as lm-evaluation-harness defines them. */
import { strip } from "./python/index.js";
import type { Filter } from "./types.js";

/** What a regular expression that does not match gives. */
export const INVALID = "[invalid]";

/** The answers as they are. */
export const none: Filter = { name: "none", apply: (answers) => [...answers] };

/**
 * The match number `select` of each answer, negative ones from the end, stripped; of an expression with
 * several groups the first that is not empty.
 *
 * @param pattern with the flag g, and u where it has classes; written in JavaScript's way for what
 *   Python's means
 */
export function regexFilter(name: string, pattern: RegExp, select = 0): Filter {
  return { name, apply: (answers) => answers.map((answer) => pick(answer, pattern, select)) };
}

/** What is found in each answer. @param find gives undefined where there is nothing */
export function findFilter(name: string, find: (answer: string) => string | undefined): Filter {
  return { name, apply: (answers) => answers.map((answer) => find(answer) ?? INVALID) };
}

function pick(answer: string, pattern: RegExp, select: number): string {
  const found = [...answer.matchAll(pattern)].at(select);
  if (!found) return INVALID;
  const [whole, ...groups] = found;
  const match = groups.length === 0 ? whole : groups.find((group) => group);
  return match === undefined ? (groups.length === 1 ? "" : INVALID) : strip(match);
}

/** How `exact_match` compares; patterns are removed before case and punctuation are. */
export interface ExactMatchOptions {
  ignore?: readonly RegExp[];
  ignoreCase?: boolean;
  ignorePunctuation?: boolean;
}

/** 1 where prediction and reference are the same text, else 0. */
export function exactMatch(
  prediction: string,
  reference: string,
  options: ExactMatchOptions = {},
): number {
  return comparable(prediction, options) === comparable(reference, options) ? 1 : 0;
}

/** A text without what options leave out of a comparison. */
export function comparable(text: string, options: ExactMatchOptions): string {
  let result = text;
  for (const pattern of options.ignore ?? []) result = result.replace(pattern, "");
  if (options.ignoreCase) result = result.toLowerCase();
  if (options.ignorePunctuation) result = result.replace(/[!-/:-@[-`{-~]/g, "");
  return result;
}
