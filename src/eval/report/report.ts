/** Reports from top to bottom. */
import { compareEvaluations } from "../compare/index.js";
import type { Block } from "./blocks.js";
import type { ReportedEvaluation, ReportFacts, ReportInput } from "./input.js";
import { markdownOf } from "./markdown.js";
import { type PageFrame, pageOf } from "./page.js";
import { benchmarkParts, DIALOGUE } from "./scores.js";
import {
  answers,
  benchmark,
  contamination,
  dialogues,
  draws,
  flips,
  headline,
  publishedScores,
  reading,
  settings,
  watch,
  watchLines,
} from "./sections/index.js";
import { type Language, type Words, wordsOf } from "./words/index.js";

export interface ReportOptions {
  /** Of the report's own words; default English. */
  language?: Language | undefined;
}

/**
 * One HTML page with tables and charts: self-contained, without scripts, for screens, paper and screen readers.
 *
 * @throws DataError where the base was not asked the same questions
 * @throws ConfigError for published scores of what was not evaluated
 */
export function reportPage(input: ReportInput, options: ReportOptions = {}): string {
  const { facts, words } = prepare(input, options);
  return pageOf(frameOf(facts, words), blocksOf(facts, words), words);
}

/** The same in Markdown, without charts. @throws as {@link reportPage} */
export function reportMarkdown(input: ReportInput, options: ReportOptions = {}): string {
  const { facts, words } = prepare(input, options);
  return markdownOf(frameOf(facts, words), blocksOf(facts, words));
}

/**
 * What to watch in the scores, line by line: first what makes them meaningless, then remarks.
 *
 * @throws DataError where the base was not asked the same questions
 */
export function reportNotes(input: ReportInput, options: ReportOptions = {}): string[] {
  const { facts, words } = prepare(input, options);
  const { warnings, remarks } = watchLines(facts, words);
  return [...warnings, ...remarks];
}

function prepare(input: ReportInput, { language = "en" }: ReportOptions) {
  const { base, evaluation } = input;
  const comparison = base && compareEvaluations(base, evaluation);
  const facts: ReportFacts = { ...input, ...(comparison ? { comparison } : {}) };
  return { facts, words: wordsOf(language) };
}

function blocksOf(facts: ReportFacts, words: Words): Block[] {
  return [
    ...headline(facts, words),
    ...watch(facts, words),
    ...publishedScores(facts, words),
    ...draws(facts, words),
    ...benchmarkParts(facts.evaluation)
      .filter(({ name }) => name !== DIALOGUE)
      .flatMap((part) => benchmark(facts, part, words)),
    ...answers(facts, words),
    ...flips(facts, words),
    ...dialogues(facts, words),
    ...contamination(facts, words),
    ...reading(facts, words),
    ...settings(facts, words),
  ];
}

function frameOf({ evaluation, base }: ReportFacts, words: Words): PageFrame {
  const tuned = nameOf(evaluation);
  const title = tuned === undefined ? words.title : words.of(tuned);
  const before = base && (nameOf(base) ?? words.base);
  return {
    title,
    subtitle: before === undefined ? "" : words.against(tuned ?? words.tuned, before),
    footer: words.madeBy(String(evaluation.tunewright_version ?? "")),
  };
}

/** What the model is called, with its adapters. */
function nameOf({ model_name, config }: ReportedEvaluation): string | undefined {
  if (typeof model_name !== "string") return undefined;
  const adapters = Array.isArray(config?.adapters) ? config.adapters.map(String) : [];
  return [model_name, ...adapters].join(" + ");
}
