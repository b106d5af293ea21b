/** Filters on what an assistant says of itself: refusals, and the name of another model. */
import { z } from "zod";
import { escapeRegExp } from "../../../../util/escapeRegExp.js";
import { excerpt } from "../../../../util/excerpt.js";
import type { CanonicalRow, CleanOperator } from "../../operator.js";
import { modelNames, refusalPhrases } from "./phrases.js";

interface RefusalOptions {
  within_characters: number;
  maximum_characters: number;
  help_characters: number;
  answers: "any" | "last" | "all";
  also: string[];
}

export const filterRefusals: CleanOperator<RefusalOptions> = {
  name: "filter_refusals",
  kind: "filter",
  summary: "remove rows in which the assistant refuses to answer, in Chinese or English",
  options: z.strictObject({
    within_characters: z
      .int()
      .min(1)
      .default(120)
      .describe("number of characters at the start of an answer in which a refusal is looked for"),
    maximum_characters: z
      .int()
      .min(1)
      .default(300)
      .describe("longer answers are kept: they help in spite of such a start"),
    help_characters: z
      .int()
      .min(0)
      .default(150)
      .describe(
        "answers with this many characters after however, but or 但是 are kept; a Chinese character counts as 3",
      ),
    answers: z
      .enum(["any", "last", "all"])
      .default("any")
      .describe("which answers must be refusals"),
    also: z.array(z.string().min(1)).default([]).describe("more phrases, matched literally"),
  }),
  prepare({
    within_characters: within,
    maximum_characters: longest,
    help_characters: help,
    answers,
    also,
  }) {
    const find = (text: string) => {
      if (text.length > longest || lettersAfterTurn(text) >= help) return undefined;
      const beginning = text.trimStart().slice(0, within);
      for (const phrase of refusalPhrases) {
        const found = phrase.exec(beginning);
        if (found) return found[0];
      }
      return also.find((phrase) => beginning.includes(phrase));
    };
    return (row) => {
      const found = answersOf(row).map(find);
      const looked = answers === "last" ? found.slice(-1) : found;
      const first = looked.find((phrase) => phrase !== undefined);
      if (first === undefined) return row;
      if (answers === "all" && looked.includes(undefined)) return row;
      return { reason: `refusal: ${excerpt(first, 0, 60)}` };
    };
  },
};

/** Where a refusal turns to help; an offer to help with something else is short. */
const turn = /\b(?:however|but)\b|但是?|不过|然而/iu;

/** Length of what comes after the first turn; a Chinese character counts three. */
function lettersAfterTurn(text: string): number {
  const found = turn.exec(text.replace(/sorry,? but/giu, "sorry"));
  if (!found) return 0;
  const rest = found.input.slice(found.index);
  return rest.length + 2 * (rest.match(/\p{Script=Han}/gu)?.length ?? 0);
}

interface SelfIdentificationOptions {
  names: string[];
  as_an_ai: boolean;
}

export const filterSelfIdentification: CleanOperator<SelfIdentificationOptions> = {
  name: "filter_self_identification",
  kind: "filter",
  summary: "remove rows in which the assistant says that it is another model, or names another",
  options: z.strictObject({
    names: z
      .array(z.string().min(1))
      .min(1, "must have at least one name")
      .default([...modelNames])
      .describe("names of other models and their makers"),
    as_an_ai: z
      .boolean()
      .default(false)
      .describe("also: As an AI language model, 作为一个人工智能语言模型"),
  }),
  prepare({ names, as_an_ai: asAnAi }) {
    const name = `(?:${names.map(escapeRegExp).join("|")})`;
    const phrases = [
      ...selfIdentifications(name),
      ...(asAnAi
        ? [
            /\bas an? (?:AI|artificial intelligence)(?: language)?(?: model| assistant)?\b/iu,
            /(?:作为|身为)一?[个名款种]?(?:AI|人工智能|语言模型|智能助手)/iu,
          ]
        : []),
    ];
    const anyName = new RegExp(name, "iu");
    return (row) => {
      for (const answer of answersOf(row)) {
        if (!asAnAi && !anyName.test(answer)) continue;
        for (const phrase of phrases) {
          const found = phrase.exec(answer)?.[0];
          if (found !== undefined) return { reason: `says: ${excerpt(found, 0, 80)}` };
        }
      }
      return row;
    };
  },
};

/**
 * How an assistant says who it is or who made it, in English and Chinese. A name in what it goes on to
 * say ("I am applying for a post at Baidu", "作为最佳代表，百度……") is none of these.
 */
function selfIdentifications(name: string): RegExp[] {
  const whole = `(?<![\\w])${name}(?![\\w])`;
  const kind = "\\b(?:AI|model|assistant|(?:chat)?bot|robot)\\b";
  const maker = "(?:created|trained|developed|made|built|designed|powered|provided)";
  return [
    new RegExp(`\\b(?:I am|I'm|my name is|call me)(?: also)? ${whole}`, "iu"),
    new RegExp(
      `\\b(?:I am|I'm) (?:an?|the|your) [^.!?。\\n]{0,40}?${kind}[^.!?。\\n]{0,40}?${whole}`,
      "iu",
    ),
    new RegExp(
      `\\b(?:I am|I'm|I was|I have been|I've been) (?:\\w+ )?${maker}(?: and \\w+)? by [^.!?。\\n]{0,40}?${whole}`,
      "iu",
    ),
    new RegExp(
      `\\bas an? (?:[^.!?,。\\n]{0,40}?[ -])?${kind}[^.!?,。\\n]{0,60}?(?:, )?${whole}`,
      "iu",
    ),
    new RegExp(
      `(?:我(?:是(?!在)|叫|的名字|由|来自)|(?:开发|研发|训练|创建)我的)[^。！？\\n]{0,30}?${name}`,
      "iu",
    ),
    new RegExp(
      `(?:作为|身为)[^，,。！？\\n]{0,30}?${name}[^，,。！？\\n]{0,20}(?:模型|助手|助理|机器人)`,
      "iu",
    ),
    new RegExp(
      `(?:作为|身为)[^，,。！？\\n]{0,30}(?:模型|助手|助理|人工智能|机器人|AI)[，,]\\s?${name}`,
      "iu",
    ),
  ];
}

function answersOf({ messages }: CanonicalRow): string[] {
  const answers = messages.filter(({ role, content }) => role === "assistant" && content !== "");
  return answers.map(({ content }) => content);
}
