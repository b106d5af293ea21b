/** Filters on what an assistant says of itself: refusals, and the name of another model. */
import { z } from "zod";
import { excerpt } from "../../excerpt.js";
import type { CanonicalRow, CleanOperator } from "../../operator.js";
import { modelNames, refusalPhrases } from "./phrases.js";

interface RefusalOptions {
  within_characters: number;
  maximum_characters: number;
  answers: "any" | "last" | "all";
  also: string[];
}

export const filterRefusals: CleanOperator<RefusalOptions> = {
  name: "filter_refusals",
  kind: "filter",
  summary: "leaves out rows in which the assistant refuses, in Chinese or English",
  options: z.strictObject({
    within_characters: z
      .int()
      .min(1)
      .default(120)
      .describe("a refusal stands at the beginning: only this much of an answer is looked at"),
    maximum_characters: z
      .int()
      .min(1)
      .default(300)
      .describe("a longer answer that begins so goes on to help after all"),
    answers: z
      .enum(["any", "last", "all"])
      .default("any")
      .describe("which answers have to be refusals"),
    also: z.array(z.string().min(1)).default([]).describe("more phrases, taken literally"),
  }),
  prepare({ within_characters: within, maximum_characters: longest, answers, also }) {
    const find = (text: string) => {
      if (text.length > longest) return undefined;
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

interface SelfIdentificationOptions {
  names: string[];
  as_an_ai: boolean;
}

export const filterSelfIdentification: CleanOperator<SelfIdentificationOptions> = {
  name: "filter_self_identification",
  kind: "filter",
  summary: "leaves out rows in which the assistant says that it is another model, or whose",
  options: z.strictObject({
    names: z
      .array(z.string().min(1))
      .default([...modelNames])
      .describe("models and makers that yours is not"),
    as_an_ai: z
      .boolean()
      .default(false)
      .describe("also: As an AI language model, 作为一个人工智能语言模型"),
  }),
  prepare({ names, as_an_ai: asAnAi }) {
    const name = `(?:${names.map(escaped).join("|")})`;
    const phrases = [
      new RegExp(
        `\\b(?:I am|I'm|I was|my name is|call me|as an? AI)\\b(?:[^.!?。\\n]){0,80}?(?<![\\w])${name}(?![\\w])`,
        "iu",
      ),
      new RegExp(
        `(?:我(?:是|叫|的名字|由|来自)|(?:作为|身为)一?[个名款种]?[^。！？\\n]{0,20}(?:模型|助手|人工智能)|(?:开发|研发|训练|创建)我的)[^。！？\\n]{0,30}?${name}`,
        "iu",
      ),
      ...(asAnAi
        ? [
            /\bas an? (?:AI|artificial intelligence)(?: language)?(?: model| assistant)?\b/iu,
            /(?:作为|身为)一?[个名款种]?(?:AI|人工智能|语言模型|智能助手)/iu,
          ]
        : []),
    ];
    return (row) => {
      for (const answer of answersOf(row)) {
        for (const phrase of phrases) {
          const found = phrase.exec(answer)?.[0];
          if (found !== undefined) return { reason: `says: ${excerpt(found, 0, 80)}` };
        }
      }
      return row;
    };
  },
};

function answersOf({ messages }: CanonicalRow): string[] {
  const answers = messages.filter(({ role, content }) => role === "assistant" && content !== "");
  return answers.map(({ content }) => content);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
