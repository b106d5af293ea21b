/** The report of `data stats` as it is printed with `--json`: plain data, keys in snake_case. */
import type { LeftOutCounts } from "../../data/index.js";
import { type Role, type ScriptName, type Source, scriptNames } from "../../text/index.js";
import type { Lengths, Measures } from "./measures.js";
import type { PaddingEstimate } from "./padding.js";
import {
  type HistogramBin,
  histogram,
  type LengthSketch,
  type LengthSummary,
  summariseLengths,
} from "./sketch.js";
import { sortedTallies, type Tallies } from "./tally.js";

export interface LengthReport extends LengthSummary {
  /** How many conversations or messages were counted, and what they come to together. */
  count: number;
  sum: number;
  histogram: HistogramBin[];
}

export interface LengthsReport {
  conversation: LengthReport | null;
  /** User messages. */
  question: LengthReport | null;
  /** Assistant messages. */
  answer: LengthReport | null;
}

export interface FoundReport {
  rows: number;
  /** The first of them. */
  places: Source[];
}

export interface LanguageReport {
  /** ISO 639-1, or `und`. */
  language: string;
  rows: number;
  characters: number;
  /** Null without a tokenizer, as the following. */
  tokens: number | null;
  characters_per_token: number | null;
  /** Shares of the tokens, 0 to 1. */
  unknown_share: number | null;
  piece_share: number | null;
}

export interface TruncationReport {
  max_seq_length: number;
  rows_cut: number;
  tokens_lost: number;
  labelled_tokens_lost: number;
  rows_without_label: number;
}

/** What was counted in one file, or in all. */
export interface PartReport {
  /** Rows looked at; those refused are among them. */
  rows_measured: number;
  rows_refused: number;
  refused: (FoundReport & { reason: string })[];
  roles: Record<Role, { messages: number; characters: number; empty: number }>;
  turns: LengthReport | null;
  characters: LengthsReport;
  /** Null where tokens were not counted, as the following. */
  tokens: LengthsReport | null;
  labelled_tokens: number | null;
  /** Of all tokens of the conversations, template included, 0 to 1. */
  labelled_share: number | null;
  truncation: TruncationReport[] | null;
  languages: LanguageReport[];
  /** Characters of each kind. */
  scripts: Partial<Record<ScriptName, number>>;
  mixed_rows: number;
  rows_with_system: number;
  rows_with_tools: number;
  placeholders: (FoundReport & { text: string })[];
  special_tokens: (FoundReport & { text: string })[];
  /** What rows say and sequences do not hold: reasoning, keys that nothing reads. */
  left_out: LeftOutCounts;
  /** Tokens of the longest conversations (characters where tokens were not counted). */
  longest: (Source & { length: number })[];
}

export interface FileReport extends PartReport {
  file: string;
  format: string;
  rows: number;
  bytes: number;
}

export interface DuplicatesReport {
  /** What the shares were found by; they are estimates. */
  method: string;
  /** Of the rows looked at, those that repeat an earlier one in all roles and texts, 0 to 1. */
  exact_share: number;
  exact_largest_group: number;
  exact_example: Source[];
  /** The same of the first prompt alone. */
  first_prompt_share: number;
  near_threshold: number;
  near_share: number;
  near_largest_group: number;
  near_example: Source[];
  near_compared_rows: number;
  /** False where more rows were looked at than the memory for this holds. */
  complete: boolean;
}

export interface StatsReport {
  /** Rows of all files, looked at or not. */
  rows: number;
  bytes: number;
  /** Null where tokens were not counted. */
  tokenizer: { name: string; template: string; vocabulary: number } | null;
  sample: { exact: boolean; rows: number; seed: number };
  /** Tokens of one epoch without cutting; scaled up from a sample. */
  tokens_per_epoch: number | null;
  total: PartReport;
  files: FileReport[];
  padding: PaddingEstimate | null;
  duplicates: DuplicatesReport;
  /** The most frequent ones that occur more than once. */
  first_prompts: (Source & { rows: number; text: string })[];
  /** Whether the counts of `first_prompts` are exact; otherwise some are too low. */
  first_prompts_exact: boolean;
  seconds: number;
}

const keptFindings = 20;

/** @param withTokens whether tokens were counted */
export function reportPart(measures: Measures, withTokens: boolean): PartReport {
  const tokens = measures.tokens.conversation.sum;
  return {
    rows_measured: measures.rows,
    rows_refused: measures.rows - measures.turns.count,
    refused: sortedTallies(measures.refused).map(({ name, ...found }) => ({
      reason: name,
      ...found,
    })),
    roles: measures.roles,
    turns: reportLengths(measures.turns),
    characters: reportAll(measures.characters),
    tokens: withTokens ? reportAll(measures.tokens) : null,
    labelled_tokens: withTokens ? measures.labelledTokens : null,
    labelled_share: withTokens ? measures.labelledTokens / Math.max(1, tokens) : null,
    truncation: withTokens ? reportTruncation(measures) : null,
    languages: reportLanguages(measures, withTokens),
    scripts: Object.fromEntries(
      scriptNames
        .map((name, index) => [name, measures.scripts[index]!] as const)
        .filter(([, count]) => count > 0),
    ),
    mixed_rows: measures.mixedRows,
    rows_with_system: measures.rowsWithSystem,
    rows_with_tools: measures.rowsWithTools,
    placeholders: reportFindings(measures.placeholders),
    special_tokens: reportFindings(measures.specialTokens),
    left_out: measures.leftOut,
    longest: measures.longest.map(({ length, source }) => ({ ...source, length })),
  };
}

function reportLengths(sketch: LengthSketch): LengthReport | null {
  const summary = summariseLengths(sketch);
  if (!summary) return null;
  return { count: sketch.count, sum: sketch.sum, ...summary, histogram: histogram(sketch) };
}

function reportAll(lengths: Lengths): LengthsReport {
  return {
    conversation: reportLengths(lengths.conversation),
    question: reportLengths(lengths.question),
    answer: reportLengths(lengths.answer),
  };
}

function reportTruncation(measures: Measures): TruncationReport[] {
  return [...measures.truncation].map(([length, cut]) => ({
    max_seq_length: length,
    rows_cut: cut.rowsCut,
    tokens_lost: cut.tokensLost,
    labelled_tokens_lost: cut.labelledLost,
    rows_without_label: cut.rowsWithoutLabel,
  }));
}

function reportLanguages(measures: Measures, withTokens: boolean): LanguageReport[] {
  return [...measures.languages]
    .sort(([a, { rows: one }], [b, { rows: other }]) => other - one || (a < b ? -1 : 1))
    .map(([language, { rows, characters, tokens, unknown, pieces }]) => ({
      language,
      rows,
      characters,
      tokens: withTokens ? tokens : null,
      characters_per_token: withTokens ? characters / Math.max(1, tokens) : null,
      unknown_share: withTokens ? unknown / Math.max(1, tokens) : null,
      piece_share: withTokens ? pieces / Math.max(1, tokens) : null,
    }));
}

function reportFindings(tallies: Tallies): (FoundReport & { text: string })[] {
  return sortedTallies(tallies)
    .slice(0, keptFindings)
    .map(({ name, ...found }) => ({ text: name, ...found }));
}
