/** Which prompts a model can answer. */
import type { CausalLanguageModel } from "../models/index.js";
import { trainedPositions } from "../nn/index.js";
import { DataError } from "../util/errors.js";

/**
 * Most tokens, prompt and answer together, that the model has positions for. Dynamic and YaRN
 * scaling stretch the positions that the model was trained on by their factor.
 */
export function contextLength({ config }: Pick<CausalLanguageModel, "config">): number {
  const { max_position_embeddings: written, rope_scaling: scaling } = config;
  if (scaling?.rope_type !== "dynamic" && scaling?.rope_type !== "yarn") return written;
  return Math.max(written, Math.floor(trainedPositions(config) * (scaling.factor ?? 1)));
}

/**
 * Refuses a prompt that cannot be answered.
 *
 * @param model.rows of its embedding
 * @param model.context most tokens of prompt and answer together
 * @param model.name what to call the prompt in an error
 * @throws DataError where it is empty, too long, or has an id without embedding
 */
export function checkPrompt(
  ids: Int32Array,
  { rows, context, name = "the prompt" }: { rows: number; context: number; name?: string },
): void {
  if (ids.length === 0) throw new DataError(`${name} has no tokens`);
  const foreign = ids.find((id) => id < 0 || id >= rows);
  if (foreign !== undefined) {
    throw new DataError(`the model has no embedding for token id ${foreign} of ${name}`, {
      why: `its embedding has ${rows} rows`,
      todo: "use the tokenizer that belongs to the model",
    });
  }
  if (ids.length >= context) {
    throw new DataError(`${name} is too long: ${ids.length} tokens`, {
      why: `the model has ${context} positions, for prompt and answer together`,
      todo: "shorten the prompt",
    });
  }
}
