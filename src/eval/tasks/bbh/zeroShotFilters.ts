/** The filters `flexible-extract` with which lm-evaluation-harness reads free answers to BIG-Bench Hard. */
import { codePointLength, spaceClass } from "../../../util/codePoints.js";
import { escapeRegExp } from "../../../util/escapeRegExp.js";
import { INVALID, regexFilter } from "../../filters.js";
import { BOUNDARY, splitWords, strip } from "../../python/index.js";
import type { Filter } from "../../types.js";
import { spelledNumber } from "./numberWords.js";
import type { Question, SetName } from "./sets.js";

const name = "flexible-extract";

/** @param which of several matches counts */
export function flexibleFilter(set: SetName, which: "first" | "last"): Filter {
  const select = which === "first" ? 0 : -1;
  const words = (alternatives: string) =>
    regexFilter(name, new RegExp(`${BOUNDARY}(${alternatives})${BOUNDARY}`, "gu"), select);
  switch (set) {
    case "boolean_expressions":
      return words("True|False");
    case "causal_judgement":
    case "navigate":
      return words("Yes|No|yes|no");
    case "formal_fallacies":
      return words("valid|invalid");
    case "dyck_languages":
      return regexFilter(name, /(?<= )([" [(<{}>)\]]+)|([" [(<{}>)\]]+)/g, select);
    case "multistep_arithmetic_two":
    case "object_counting":
      return numberFilter(select);
    case "sports_understanding":
      return yesOrNo(["no", "not plausible"], ["yes", "plausible"], select);
    case "web_of_lies":
      return yesOrNo(
        ["no", "does not tell the truth", "is not telling the truth"],
        ["yes", "tells the truth", "is telling the truth"],
        select,
      );
    case "word_sorting":
      return wordOrder;
    default:
      return choiceFilter(select);
  }
}

/** A number in digits or, where there is none, in words. */
function numberFilter(select: number): Filter {
  const read = (answer: string) =>
    answer.match(/[-0-9]+/g)?.at(select) ?? spelledNumber(answer, select) ?? INVALID;
  return { name, apply: (answers) => answers.map(read) };
}

function yesOrNo(no: readonly string[], yes: readonly string[], select: number): Filter {
  const pattern = new RegExp(`${BOUNDARY}(?:${[...no, ...yes].join("|")})${BOUNDARY}`, "gu");
  const read = (answer: string) => {
    const found = answer.toLowerCase().match(pattern)?.at(select);
    if (found === undefined) return INVALID;
    return no.includes(found) ? "no" : "yes";
  };
  return { name, apply: (answers) => answers.map(read) };
}

/** The question's words in the order in which the answer names each last. */
const wordOrder: Filter = {
  name,
  apply(answers, doc) {
    const list = (doc as Question).input.split("List:")[1] ?? "";
    const words = splitWords(list).map((word) => BOUNDARY + escapeRegExp(word) + BOUNDARY);
    const pattern = new RegExp(words.join("|"), "gu");
    return answers.map((answer) => {
      const named = (answer.match(pattern) ?? []).reverse();
      return [...new Set(named)].reverse().join(" ");
    });
  },
};

/** A letter in brackets; or else a choice in its words; or else a letter after a colon. */
function choiceFilter(select: number): Filter {
  return {
    name,
    apply(answers, doc) {
      const choices = choicesOf((doc as Question).input);
      return answers.map((answer) => readChoice(answer, choices, select) || INVALID);
    },
  };
}

/** The words of the choices, without case and punctuation, by which they are known. */
function choicesOf(input: string): string[] {
  return [...input.matchAll(/\([A-Z]\)([^\n^(]*)/g)].map(([, words]) => plain(strip(words!)));
}

const plain = (text: string) => text.toLowerCase().replace(/\p{P}/gu, "");

function readChoice(answer: string, choices: readonly string[], select: number): string {
  const letter = answer.match(/\([A-Z]\)/g)?.at(select);
  if (letter !== undefined) return letter;
  const letters = choices.map((_, i) => String.fromCharCode("A".charCodeAt(0) + i));
  const longestFirst = [...choices].sort((a, b) => escapedLength(b) - escapedLength(a));
  const words = new RegExp(longestFirst.map(escapeRegExp).join("|"), "gu");
  const said = strip([...plain(answer).matchAll(words)].at(select)?.[0] ?? "");
  if (said !== "") {
    const choice = choices.lastIndexOf(said);
    return choice < 0 ? said : `(${letters[choice]})`;
  }
  const afterColon = new RegExp(`:[${spaceClass}]*(${letters.join("|")})`, "gu");
  const found = [...answer.matchAll(afterColon)].at(select)?.[1] ?? "";
  return found === "" ? "" : `(${found})`;
}

/** Characters of `re.escape(text)`, by which the reference sorts. */
function escapedLength(text: string): number {
  return codePointLength(text.replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, "\\$&"));
}
