/** Adapters taken into the weights that they lie on, so that the model computes the same without them. */
import type { CausalLanguageModel, ModelBranch } from "../models/index.js";
import { type Linear, type Parameter, parameter } from "../nn/index.js";
import { arange, type Tensor, tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import { rowLengths } from "./dora.js";
import type { Adapter } from "./lowRank.js";
import { scaleOf } from "./strength.js";
import { headName, isTied } from "./targets.js";
import { assemble, type Unit, unitsOf } from "./units.js";

/** Rows of the embedding that are merged at once: bounds the memory for float32 copies. */
const ROWS = 4096;

/**
 * Merges every adapter that lies on a model, in place. Sums are made in float32 and rounded once to
 * the type of the weight. Embedding and output head that were one weight become two where the
 * adapters make different ones of them.
 *
 * @param model its tensors may lie on the `meta` device, some or all
 * @throws ConfigError where a layer has no bias that could take that of its adapter
 */
export function mergeAdapters(model: CausalLanguageModel): void {
  for (const branch of model.branches) mergeBranch(branch);
  mergeOuter(model);
}

function mergeBranch({ linears }: ModelBranch): void {
  for (const [role, linear] of Object.entries(linears)) {
    const units = unitsOf(linear);
    if (units.every(({ adapters }) => adapters.length === 0)) continue;
    linears[role] = assemble(units.map(mergeUnit), 0);
  }
}

function mergeUnit({ base, adapters }: Unit): Unit {
  tidy(() => mergeInto(weightOf(base).tensor, base.bias?.tensor ?? null, adapters));
  return { base, adapters: [] };
}

/** The weight of a dense layer itself. */
function weightOf(layer: Linear): Parameter {
  return layer.parameters()[0]!;
}

/**
 * Adds adapters to the weight of the stack that they lie on, in place.
 *
 * @param weight [out, in]
 * @param bias [out], or null
 */
export function mergeInto(weight: Tensor, bias: Tensor | null, adapters: readonly Adapter[]): void {
  for (const { name, start, outFeatures } of partsOf(adapters)) {
    const own = adapters.filter(({ part }) => part.name === name);
    tidy(() => mergeRows(weight.narrow(0, start, outFeatures), own));
    const shifts = own.filter((adapter) => adapter.bias !== null);
    if (shifts.length === 0) continue;
    if (!bias) throw noBias(name);
    tidy(() => shiftRows(bias.narrow(0, start, outFeatures), shifts));
  }
}

function partsOf(adapters: readonly Adapter[]): Adapter["part"][] {
  return [...new Map(adapters.map(({ part }) => [part.name, part])).values()];
}

/** @param rows [out, in] of one layer */
function mergeRows(rows: Tensor, adapters: readonly Adapter[]): void {
  const sum = rows.to({ dtype: "float32", copy: true });
  for (const adapter of adapters) {
    const { a, b } = adapter;
    sum.add_(b.tensor.matmul(a.tensor), { alpha: scaleOf(adapter) });
  }
  for (const adapter of adapters) {
    if (!adapter.magnitude) continue;
    sum.mul_(adapter.magnitude.tensor.div(rowLengths(rows, adapter)).unsqueeze(1));
  }
  rows.copy_(sum);
}

function shiftRows(rows: Tensor, adapters: readonly Adapter[]): void {
  const sum = rows.to({ dtype: "float32", copy: true });
  for (const adapter of adapters) {
    sum.add_(adapter.bias!.tensor, { alpha: scaleOf(adapter) });
  }
  rows.copy_(sum);
}

function noBias(name: string): ConfigError {
  return new ConfigError(`the adapter of ${name} has a bias (lora_bias), and the layer has none`, {
    why: "there is nothing that it could be merged into; PEFT refuses it too",
    todo: "use the adapter beside the model: --adapter",
  });
}

/** Embedding and output head. */
function mergeOuter(model: CausalLanguageModel): void {
  const { embedding, embeddingAdapter, output } = model;
  const { adapter } = output;
  if (!embeddingAdapter && !adapter) return;
  const isShared = embeddingAdapter !== undefined && adapter?.sharedWith === embeddingAdapter;
  if (isTied(model) && !isShared) {
    output.weight = parameter(`${headName(model)}.weight`, embedding.tensor.clone());
  }
  if (embeddingAdapter) {
    const { tensor } = embedding;
    const isThere = tensor.device !== "meta";
    for (let start = 0; isThere && start < tensor.size(0); start += ROWS) {
      const count = Math.min(ROWS, tensor.size(0) - start);
      tidy(() => {
        const rows = tensor.narrow(0, start, count);
        const ids = arange(start, start + count, 1, { dtype: "int32", device: tensor.device });
        rows.copy_(embeddingAdapter.apply(rows.to({ dtype: "float32" }), ids));
      });
    }
    model.embeddingAdapter = undefined;
  }
  // The same rows are in the embedding by now, which is the head.
  if (adapter && !(isTied(model) && isShared)) adapter.mergeInto(output.weight.tensor);
  output.adapter = undefined;
}
