/** One row through all steps of a pipeline, with a trace of what each step did. */
import { checkRow } from "../../data/index.js";
import { DataError } from "../../util/errors.js";
import { partsOf } from "./firstDifference.js";
import { type CanonicalRow, isRejection, type OperatorResult } from "./operator.js";
import { perplexityOperator, type ScorePerplexity } from "./operators/perplexity.js";
import { operatorNamed, type PipelineStep } from "./pipeline.js";

/** What happened to a row: either it is kept, or a step left it out. */
export interface RowOutcome {
  /** As the pipeline leaves it; undefined where it is left out. */
  row?: CanonicalRow | undefined;
  rejected?: RowRejection | undefined;
  /** Steps that changed it, in order. */
  changes: readonly StepChange[];
}

export interface RowRejection {
  /** Index into the pipeline; -1 is reading the row, the pipeline's length the check at its end. */
  step: number;
  operator: string;
  reason: string;
}

export interface StepChange {
  /** Index into the pipeline. */
  step: number;
  before: CanonicalRow;
  after: CanonicalRow;
  /** UTF-16 units in what all messages say: content, reasoning, calls of tools. */
  charactersBefore: number;
  charactersAfter: number;
}

/** The operator of rejections of rows that cannot be read. */
export const readName = "read";

/** The operator of rejections of rows that leave the pipeline as no valid conversation. */
export const checkName = "check";

/**
 * @param scorePerplexity what filter_perplexity asks; it is refused without
 * @throws ConfigError from an operator's `prepare`
 */
export function rowCleaner(
  steps: readonly PipelineStep[],
  scorePerplexity?: ScorePerplexity,
): (row: CanonicalRow) => Promise<RowOutcome> {
  const functions = steps.map(({ operator: name, options }) => {
    if (scorePerplexity && name === perplexityOperator.name) {
      return perplexityOperator.prepareWith(scorePerplexity)(options);
    }
    return operatorNamed(name, "pipeline").prepare(options);
  });
  return async (first) => {
    const changes: StepChange[] = [];
    let row = first;
    for (const [step, run] of functions.entries()) {
      const answer = run(row);
      const result: OperatorResult = answer instanceof Promise ? await answer : answer;
      if (result === row) continue;
      if (isRejection(result)) {
        const { operator } = steps[step]!;
        return { rejected: { step, operator, reason: result.reason }, changes };
      }
      changes.push({
        step,
        before: row,
        after: result,
        charactersBefore: countCharacters(row),
        charactersAfter: countCharacters(result),
      });
      row = result;
    }
    try {
      checkRow(row);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      const rejected = { step: steps.length, operator: checkName, reason: error.message };
      return { rejected, changes };
    }
    return { row, changes };
  };
}

function countCharacters({ messages }: CanonicalRow): number {
  let characters = 0;
  for (const message of messages) for (const part of partsOf(message)) characters += part.length;
  return characters;
}
