/** What the HTTP process asks its text process, and is told. */

import type { PlainError } from "../../util/plainError.js";
import type { NextUntrained, PackedRows, RowTokens } from "../schema.js";

/** With what rows become tokens. */
export interface TextChoice {
  /** Model, or a run's result, by its place. */
  place: string;
  adapters: readonly (string | { name: string; weight: number })[];
  /** Name of a chat template; absent for that of the model or of its training. */
  template?: string | undefined;
}

/** Jobs by their names: what each is given, and gives. */
export interface TextJobs {
  tokens: {
    input: { path: string; text: TextChoice; row: number; maxLength: number | undefined };
    output: RowTokens;
  };
  untrained: {
    input: { path: string; text: TextChoice; after: number; maxLength: number | undefined };
    output: NextUntrained;
  };
  packed: {
    input: { path: string; text: TextChoice; maxLength: number; offset: number; limit: number };
    output: PackedRows;
  };
  stats: {
    input: { path: string; text: TextChoice };
    output: {
      stats: Record<string, unknown>;
      findings: { kind: "problem" | "note"; en: string; zh: string }[];
    };
  };
}

export type JobName = keyof TextJobs;

export type TextRequest = {
  [Name in JobName]: { id: number; name: Name; input: TextJobs[Name]["input"] };
}[JobName];

export type TextAnswer =
  | { id: number; type: "progress"; share: number }
  | { id: number; type: "value"; value: TextJobs[JobName]["output"] }
  | { id: number; type: "error"; error: PlainError };
