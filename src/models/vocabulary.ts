/** Rows for tokens that a model did not have. */
import type { Parameter } from "../nn/index.js";
import { empty, linalgVectorNorm, type Tensor, tidy } from "../tensor/index.js";
import { forgetStoredHead } from "./parameters.js";
import type { CausalLanguageModel } from "./types.js";

/**
 * Gives embedding and output head more rows, in place. New ones are the mean of those before, so that
 * they are about as likely as any token; of a NormHead that is folded, they have length 1 as all its rows.
 *
 * @param rows at least; a model that has as many stays as it is
 */
export function growVocabulary(model: CausalLanguageModel, rows: number): void {
  const before = model.embedding.tensor.size(0);
  if (rows <= before) return;
  eachTable(model, (table) => {
    const { tensor } = table;
    const [, dim = 0] = tensor.shape;
    const larger = empty([rows, dim], { dtype: tensor.dtype, device: tensor.device });
    tidy(() => void larger.narrow(0, 0, before).copy_(tensor));
    tensor.dispose();
    table.tensor = larger;
  });
  model.config = { ...model.config, vocab_size: rows };
  putMeans(model, before, rows - before);
}

/**
 * Makes rows for tokens whose ids follow each other: grows the model where it has too few, and takes
 * rows that it has to spare.
 *
 * @param first id of the first @param count of tokens
 */
export function makeTokenRows(model: CausalLanguageModel, first: number, count: number): void {
  const spare = Math.min(count, model.embedding.tensor.size(0) - first);
  if (spare > 0) putMeans(model, first, spare);
  growVocabulary(model, first + count);
}

/** Embedding, and output head where that is another weight. */
function eachTable(
  { embedding, output }: CausalLanguageModel,
  change: (table: Parameter, hasUnitRows: boolean) => void,
): void {
  change(embedding, false);
  if (output.weight !== embedding) change(output.weight, output.isNormalized === true);
}

/** Sets rows to the mean of all before them. */
function putMeans(model: CausalLanguageModel, first: number, count: number): void {
  forgetStoredHead(model);
  eachTable(model, ({ tensor }, hasUnitRows) => {
    tidy(() => {
      const mean = tensor.narrow(0, 0, first).mean([0], true, { dtype: "float32" }); // [1, dim]
      tensor.narrow(0, first, count).copy_(hasUnitRows ? unit(mean) : mean);
    });
  });
}

function unit(row: Tensor): Tensor {
  return row.div(linalgVectorNorm(row, 2, -1, true).clamp_(1e-12));
}
