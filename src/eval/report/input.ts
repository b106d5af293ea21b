/** What a report is written about. */
import type { Comparison, Published, SeedRun } from "../compare/index.js";
import type { Contamination } from "../contamination/index.js";
import type { Evaluation } from "../evaluate.js";

/** An evaluation with what results.json says about its run, as far as it does. */
export interface ReportedEvaluation extends Evaluation {
  model_name?: unknown;
  /** Settings by name. */
  config?: Readonly<Record<string, unknown>>;
  /** Seconds since 1970. */
  date?: unknown;
  total_evaluation_time_seconds?: unknown;
  chat_template?: unknown;
  tunewright_version?: unknown;
  torch_version?: unknown;
}

export interface ReportInput {
  /** The model, or the tuned one of two. */
  evaluation: ReportedEvaluation;
  /** The model before tuning, asked the same questions. */
  base?: ReportedEvaluation | undefined;
  /** The same evaluation with several draws of examples. */
  seeds?: readonly SeedRun[] | undefined;
  published?: readonly Published[] | undefined;
  /** What training data holds of the questions. */
  contamination?: Contamination | undefined;
}

/** A report's input with what is computed from it once. */
export interface ReportFacts extends ReportInput {
  comparison?: Comparison;
}
