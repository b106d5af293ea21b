/**
 * The loss of one micro-batch and its gradients: packed rows in, sums of gradients out, without a
 * word from the device to the host.
 *
 * Whole sequences are computed in groups of about `groupTokens` tokens, so that activations suit the
 * device's cache and memory does not grow with the micro-batch.
 */
import {
  consecutive,
  embedTokens,
  outputGradient,
  outputWeight,
  type PackedSequences,
  type PreparedModel,
  packedGroup,
  packSequences,
  type Sequence,
} from "../models/index.js";
import {
  backward,
  backwardBranches,
  constant,
  createRecord,
  forwardBranches,
  type KeepBudget,
  type LogitsLayer,
  linearCrossEntropy,
  type ProductGroup,
  recordBranches,
  recordedInput,
  tensorOf,
} from "../nn/index.js";
import { dispose, type Tensor, tidy, zeros } from "../tensor/index.js";
import { OutOfMemoryError } from "../util/errors.js";
import { hashKey } from "../util/hash.js";
import { isOutOfMemory } from "../util/outOfMemory.js";
import type { Gradients } from "./gradients.js";

export type { Sequence } from "../models/index.js";

/** Settings of a pass over a micro-batch. */
export interface PassSettings {
  /** Tokens that are computed together; at least one whole sequence. */
  groupTokens: number;
  /**
   * At most so many tokens, or one sequence, are in memory at once; default: as many as suit. Loss,
   * gradients and dropout are those of the whole groups.
   */
  atOnceTokens?: number | undefined;
  /** Logits that are made at once; default: as many as suit. */
  logitElements?: number | undefined;
  /** Factor on the sum of losses: one over the units of the accumulation window. */
  lossFactor: number;
  /**
   * [sequences] float32: to each, the weighted sum of the losses of its labelled tokens is added,
   * without `lossFactor`. Absent where nobody asks.
   */
  rowLosses?: Tensor | undefined;
  /** Called before each branch; may throw to leave a long pass early. */
  beforeBranch?: (() => void) | undefined;
}

/** Settings of a pass with gradients. */
export interface TrainingPassSettings extends PassSettings {
  /** Memory for activations that are kept; the rest is computed again in the backward pass. */
  keepBytes: number;
  /** Key for dropout in branch number `branch`. */
  dropoutKey(branch: number): number | null;
  /** A factor on all gradients beside the loss, [] (loss scaling of float16); null for 1. */
  gradientScale: Tensor | null;
  /** Called between the last branch and the output head. */
  beforeHead?: (() => void) | undefined;
  /**
   * Called in the backward pass after each branch, with the gradients of its inputs; after the
   * output head as the branch behind the last.
   */
  afterBackward?: ((branch: number, byInputs: readonly Tensor[]) => void) | undefined;
  /** Only the parts that take the most memory: what a dry run has to see. */
  largestOnly?: boolean | undefined;
}

/** A pass that ran out of memory, with what was computed at that moment. */
export class PassMemoryError extends OutOfMemoryError {
  constructor(
    cause: Error,
    readonly sequences: number,
    readonly tokens: number,
  ) {
    super("pass", cause.message, { cause });
  }
}

/** Runs a part of a pass; where memory runs out, the error tells in what. */
function withinMemory<T>(parts: readonly PackedSequences[], body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    const sequences = parts.reduce((sum, { lengths }) => sum + lengths.length, 0);
    throw new PassMemoryError(error, sequences, parts.reduce(addTokens, 0));
  }
}

function tokensOf({ ids }: PackedSequences): number {
  return ids.numel;
}

function addTokens(sum: number, part: PackedSequences): number {
  return sum + tokensOf(part);
}

/** Labelled tokens that have a token before them to be predicted from. */
export function countLabelled(sequences: readonly Sequence[]): number {
  let count = 0;
  for (const { labels } of sequences) {
    for (let i = 1; i < labels.length; i++) if (labels[i] !== -100) count++;
  }
  return count;
}

/**
 * Loss of a micro-batch without gradients.
 *
 * @returns the weighted sum of the losses of its labelled tokens, times `lossFactor`: [] float32
 */
export function evaluationPass(
  prepared: PreparedModel,
  sequences: readonly Sequence[],
  settings: PassSettings,
): Tensor {
  const { model, dtype, weights } = prepared;
  const { output, device } = model;
  return tidy(() => {
    const total = zeros([], { dtype: "float32", device });
    const { groupTokens, atOnceTokens } = settings;
    for (const packed of packSequences(sequences, groupTokens, device, atOnceTokens)) {
      if (packed.rows.numel === 0) continue;
      const computePart = () => {
        const group = packedGroup(prepared, packed);
        const embedded = embedTokens(model, packed.ids);
        const [x] = forwardBranches(model.branches, [embedded], [group], settings);
        const rows = x!.indexSelect(0, packed.rows).to({ dtype });
        const { loss } = linearCrossEntropy(
          tensorOf(output.norm(constant(rows))),
          logitsHead(prepared, group, packed, null),
          lossTargets(prepared, packed, settings),
          null,
        );
        total.add_(loss);
      };
      withinMemory([packed], () => tidy(computePart));
    }
    weights.close();
    return total;
  });
}

/**
 * What makes logits of hidden states: the head's weight, or what an adapter makes of it.
 *
 * @param gradients sums of the adapter's parameters by name; null where none are wanted
 */
function logitsHead(
  { model, dtype, weights }: PreparedModel,
  group: ProductGroup,
  { labelledRows }: PackedSequences,
  gradients: ReadonlyMap<string, Tensor> | null,
): Tensor | LogitsLayer {
  const { adapter, weight } = model.output;
  if (!adapter) return outputWeight(model.output, weights, dtype);
  const layer: LogitsLayer = {
    vocabulary: weight.tensor.size(0),
    chunk(hidden, start) {
      const record = gradients && createRecord(gradients);
      const input = record ? recordedInput(record, hidden, dtype, true) : constant(hidden);
      const { dropoutKey } = group;
      const logits = adapter.apply(input, {
        ...group,
        dropoutKey: dropoutKey === null ? null : hashKey(dropoutKey, 0),
        maskRows: { ...labelledRows, first: labelledRows.first + start },
      });
      return {
        logits: tensorOf(logits),
        backward(byLogits, factor) {
          backward(record!, logits, byLogits.mul(factor));
          return input.gradient!;
        },
      };
    },
  };
  return layer;
}

function lossTargets(
  { model }: PreparedModel,
  { targets, weights, sequenceOf }: PackedSequences,
  { lossFactor, logitElements, rowLosses }: PassSettings,
) {
  return {
    targets,
    weights,
    scale: lossFactor,
    softCap: model.output.softCap,
    chunkElements: logitElements,
    bySequence: rowLosses && { sums: rowLosses, sequenceOf },
  };
}

/**
 * Loss and gradients of a micro-batch.
 *
 * @param gradients the gradients of all trainable parameters are added to these
 * @returns the weighted sum of the losses of its labelled tokens, times `lossFactor`: [] float32
 */
export function trainingPass(
  prepared: PreparedModel,
  sequences: readonly Sequence[],
  gradients: Gradients,
  settings: TrainingPassSettings,
): Tensor {
  const { model, weights, modelBytes } = prepared;
  return tidy(() => {
    const { groupTokens, atOnceTokens = Number.POSITIVE_INFINITY } = settings;
    const parts = packSequences(sequences, groupTokens, model.device, atOnceTokens);
    const pass = startPass(prepared, gradients, settings);
    const before = weights.passingBytes;
    partsPass(pass, parts.slice(0, 1));
    // Weights that cannot stay are prepared for each branch: once for all the parts left where they
    // are larger than what they are made of; else one part after the other takes the least memory.
    const isDear = weights.passingBytes - before > modelBytes;
    const rest = consecutive(parts.slice(1), isDear ? atOnceTokens : 0, tokensOf);
    for (const together of settings.largestOnly ? largestOf(rest) : rest) partsPass(pass, together);
    if (pass.byRows) addHeadGradient(pass, pass.byRows);
    weights.close();
    return pass.loss;
  });
}

/** What the groups of a micro-batch share. */
interface Pass {
  prepared: PreparedModel;
  gradients: ReadonlyMap<string, Tensor>;
  settings: TrainingPassSettings;
  budget: KeepBudget;
  /** [] float32 */
  loss: Tensor;
  /** The gradient by normalized rows of a trained head, [vocab, dim] float32. */
  byRows: Tensor | null;
}

function startPass(
  prepared: PreparedModel,
  { views }: Gradients,
  settings: TrainingPassSettings,
): Pass {
  const { output, device } = prepared.model;
  const { tensor } = output.weight;
  const isScratchNeeded = output.normalizesRows && views.has(output.weight.name);
  return {
    prepared,
    gradients: views,
    settings,
    budget: { bytes: settings.keepBytes },
    loss: zeros([], { dtype: "float32", device }),
    byRows: isScratchNeeded ? zeros([...tensor.shape], { dtype: "float32", device }) : null,
  };
}

/** Of parts that are computed together, those that take the most memory. */
function largestOf(rest: readonly PackedSequences[][]): readonly PackedSequences[][] {
  const sizes = rest.map((parts) => parts.reduce(addTokens, 0));
  const largest = rest[sizes.indexOf(Math.max(...sizes))];
  return largest ? [largest] : [];
}

/** Forward and backward of some parts together. */
function partsPass(pass: Pass, parts: readonly PackedSequences[]): void {
  withinMemory(parts, () => computeParts(pass, parts));
}

function computeParts(pass: Pass, parts: readonly PackedSequences[]): void {
  const { prepared, gradients, settings, budget } = pass;
  const { model } = prepared;
  const { embeddingAdapter } = model;
  const isEmbeddingTrained =
    gradients.has(model.embedding.name) ||
    (embeddingAdapter?.parameters().some(({ name }) => gradients.has(name)) ?? false);
  tidy(() => {
    const tokens = parts.map((packed) => packedGroup(prepared, packed));
    const { outputs, records } = recordBranches(
      model.branches,
      parts.map(({ ids }) => embedTokens(model, ids)),
      tokens,
      gradients,
      budget,
      { ...settings, inputsNeedGradients: isEmbeddingTrained },
    );
    settings.beforeHead?.();
    const dropoutKey = settings.dropoutKey(model.branches.length);
    const byOutputs = outputs.map((x, i) =>
      headPass(pass, x, parts[i]!, { ...tokens[i]!, dropoutKey }),
    );
    dispose(outputs);
    settings.afterBackward?.(model.branches.length, byOutputs);
    const byInputs = backwardBranches(records, byOutputs, tokens, budget, settings);
    if (!isEmbeddingTrained) return;
    parts.forEach(({ ids }, i) => {
      addEmbeddingGradient(prepared, gradients, ids, byInputs[i]!);
    });
  });
}

/**
 * Loss of one group at its labelled positions.
 *
 * @param x [n, dim] output of the last branch
 * @returns its gradient, [n, dim] float32
 */
function headPass(pass: Pass, x: Tensor, packed: PackedSequences, group: ProductGroup): Tensor {
  const { prepared, gradients, settings, byRows } = pass;
  const { model, dtype } = prepared;
  const { output } = model;
  return tidy(() => {
    const byInput = zeros([...x.shape], { dtype: "float32", device: x.device });
    if (packed.rows.numel === 0) return byInput;
    const record = createRecord(gradients);
    const input = recordedInput(record, x.indexSelect(0, packed.rows), dtype, true);
    const hidden = output.norm(input);
    const { loss, byHidden } = linearCrossEntropy(
      tensorOf(hidden),
      logitsHead(prepared, group, packed, gradients),
      lossTargets(prepared, packed, settings),
      {
        gradientScale: settings.gradientScale,
        byWeight: byRows ?? gradients.get(output.weight.name) ?? null,
      },
    );
    pass.loss.add_(loss);
    backward(record, hidden, byHidden!);
    return byInput.indexAdd_(0, packed.rows, input.gradient!.to({ dtype: "float32" }));
  });
}

function addHeadGradient({ prepared, gradients }: Pass, byRows: Tensor): void {
  const { output } = prepared.model;
  tidy(() => {
    gradients.get(output.weight.name)!.add_(outputGradient(output, byRows));
  });
}

/** As in transformers, the embedding of the padding token is not trained. */
function addEmbeddingGradient(
  { model }: PreparedModel,
  gradients: ReadonlyMap<string, Tensor>,
  ids: Tensor,
  gradient: Tensor,
): void {
  const { config, embedding, embeddingAdapter, embeddingScale } = model;
  const sum = gradients.get(embedding.name);
  tidy(() => {
    let rows = gradient;
    if (embeddingScale !== undefined) rows = rows.mul(embeddingScale);
    embeddingAdapter?.addGradients(gradients, ids, rows);
    if (!sum) return;
    if (config.pad_token_id !== null) {
      rows = rows.mul(ids.ne(config.pad_token_id).unsqueeze(1));
    }
    sum.indexAdd_(0, ids, rows);
  });
}
