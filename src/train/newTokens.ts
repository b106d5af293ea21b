/** Rows for the tokens of `new_tokens`, in the model and in its adapter. */
import {
  type AdapterConfig,
  embeddingName,
  headName,
  isSaved,
  isTied,
  type LoraSettings,
  lastName,
} from "../lora/index.js";
import { type CausalLanguageModel, makeTokenRows } from "../models/index.js";
import type { Tokenizer } from "../text/index.js";

/** Tokens whose ids follow each other. */
export interface NewTokens {
  first: number;
  count: number;
}

/** The tokens that a tokenizer was given (`new_tokens`): its last ones. */
export function newTokensOf({ options, vocabSize }: Tokenizer): NewTokens {
  const count = options.newTokens?.length ?? 0;
  return { first: vocabSize - count, count };
}

/** Gives a model rows for them, in place. */
export function makeRows(model: CausalLanguageModel, { first, count }: NewTokens): void {
  if (count > 0) makeTokenRows(model, first, count);
}

/**
 * The settings of an adapter that trains their rows too, as PEFT's `trainable_token_indices`, where it
 * does not have embedding or head whole.
 *
 * @param tokens.rowsBefore rows that the model had without them
 */
export function withTokenRows(
  settings: AdapterConfig,
  model: CausalLanguageModel,
  { first, count, rowsBefore }: NewTokens & { rowsBefore: number },
): AdapterConfig {
  if (count === 0) return settings;
  const ids = Array.from({ length: count }, (_, at) => first + at);
  const { trainable_token_indices: given } = settings;
  const own = embeddingName(model);
  const byModule = indicesByModule(given, lastName(own));
  const modules = isTied(model) ? [own] : [own, headName(model)];
  for (const module of modules.filter((name) => !isSaved(settings, name))) {
    const key = Object.keys(byModule).find((end) => module.endsWith(end)) ?? lastName(module);
    byModule[key] = [...new Set([...(byModule[key] ?? []), ...ids])];
  }
  const rows = model.embedding.tensor.size(0);
  return {
    ...settings,
    trainable_token_indices: Object.keys(byModule).length > 0 ? byModule : null,
    vocabulary_rows: rows > rowsBefore ? rows : null,
  };
}

/** A list alone is about the embedding. */
function indicesByModule(
  given: LoraSettings["trainable_token_indices"],
  embedding: string,
): Record<string, readonly number[]> {
  if (given === null) return {};
  const isList = (value: typeof given): value is readonly number[] => Array.isArray(value);
  return isList(given) ? { [embedding]: given } : { ...given };
}
