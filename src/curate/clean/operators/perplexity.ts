/** A filter on how surprising a text is to a language model, which someone else runs. */
import { z } from "zod";
import { ConfigError } from "../../../util/errors.js";
import {
  type CanonicalRow,
  type CleanOperator,
  conversationText,
  type OperatorResult,
  type Roles,
  rolesOption,
} from "../operator.js";

/** Perplexities of texts, in their order; NaN for a text of less than two tokens. */
export type ScorePerplexity = (texts: readonly string[]) => Promise<readonly number[]>;

interface PerplexityOptions {
  minimum: number;
  maximum: number;
  roles: Roles;
}

const options: z.ZodType<PerplexityOptions> = z.strictObject({
  minimum: z
    .number()
    .min(0)
    .default(0)
    .describe(
      "minimum perplexity; text that is too easy to predict is often boilerplate or a loop",
    ),
  maximum: z
    .number()
    .positive()
    .default(1500)
    .describe(
      "maximum perplexity; the default is data-juicer's. Chinese needs a different limit: measure first",
    ),
  roles: rolesOption(["assistant"]),
});

/** The operator, and how it is prepared where a model is at hand. */
export interface PerplexityOperator extends CleanOperator<PerplexityOptions> {
  prepareWith(
    score: ScorePerplexity,
  ): (options: unknown) => (row: CanonicalRow) => Promise<OperatorResult>;
}

export const perplexityOperator: PerplexityOperator = {
  name: "filter_perplexity",
  kind: "filter",
  summary: "remove rows whose perplexity under a language model is outside the limits",
  options,
  prepare() {
    throw new ConfigError("filter_perplexity requires a language model", {
      todo: "give one with --perplexity-model (builtin:smollm2-135m, a directory, a .gguf file)",
    });
  },
  prepareWith: (score) => (given) => {
    const { minimum, maximum, roles } = given as PerplexityOptions;
    const scoreOne = together(score);
    return async (row) => {
      const text = conversationText(row, roles);
      if (text.trim() === "") return row;
      const perplexity = await scoreOne(text);
      if (perplexity > maximum) return { reason: `perplexity ${shown(perplexity)} > ${maximum}` };
      if (perplexity < minimum) return { reason: `perplexity ${shown(perplexity)} < ${minimum}` };
      return row;
    };
  },
};

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

/** Texts that are asked for at the same moment are scored in one call. */
function together(score: ScorePerplexity): (text: string) => Promise<number> {
  let texts: string[] = [];
  let scores: Promise<readonly number[]> | undefined;
  return async (text) => {
    const index = texts.push(text) - 1;
    scores ??= new Promise((resolve) => {
      setImmediate(() => {
        const batch = texts;
        texts = [];
        scores = undefined;
        resolve(score(batch));
      });
    });
    return (await scores)[index]!;
  };
}
