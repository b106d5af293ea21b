/**
 * The loss of one micro-batch and its gradients: packed row in, sums of gradients out.
 *
 * Tokens of a micro-batch form one packed row without padding. Whole sequences are computed in
 * groups of about `groupTokens` tokens, so that activations stay in the cache and memory does not
 * grow with the micro-batch; each branch of the model is prepared once for all groups.
 */
import { type CausalLanguageModel, embedTokens, packedGroup } from "../models/index.js";
import {
  backwardBranches,
  forwardBranches,
  linearCrossEntropy,
  rmsNorm,
  type TokenGroup,
} from "../nn/index.js";
import {
  bytesPerElement,
  type DType,
  dispose,
  enableGrad,
  full,
  grad,
  noGrad,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import type { Gradients } from "./gradients.js";

/** Token ids and labels of one sequence; -100 marks what is not learnt. */
export interface Sequence {
  inputIds: Int32Array;
  /** `labels[i]` belongs to `inputIds[i]`; it is predicted from the tokens before it. */
  labels: Int32Array;
}

/** Settings of a pass over a micro-batch. */
export interface PassSettings {
  /** Data type of the computation inside a branch. */
  dtype: DType;
  /** Tokens that are computed together; at least one whole sequence. */
  groupTokens: number;
  /** Factor on the sum of losses: one over the labelled tokens of the accumulation window. */
  lossScale: number;
  /** Called before each branch; may throw to leave a long pass early. */
  beforeBranch?: (() => void) | undefined;
}

/** Settings of a pass with gradients. */
export interface TrainingPassSettings extends PassSettings {
  /** Compute activations again in the backward pass instead of keeping them. */
  recompute: boolean;
  /** Key for dropout in branch number `branch`. */
  dropoutKey(branch: number): number | null;
  /** [] factor on all gradients beside the loss (fp16 loss scaling); null for 1. */
  gradientScale: Tensor | null;
}

interface PackedGroup {
  tokens: TokenGroup;
  ids: Int32Array;
  /** Rows whose next token is labelled, and that token. */
  rows: Int32Array;
  targets: Int32Array;
}

/** Consecutive sequences together while they fit `groupTokens`. */
export function groupSequences(sequences: readonly Sequence[], groupTokens: number): Sequence[][] {
  const groups: Sequence[][] = [];
  let tokens = 0;
  for (const sequence of sequences) {
    const count = sequence.inputIds.length;
    if (groups.length === 0 || tokens + count > groupTokens) {
      groups.push([]);
      tokens = 0;
    }
    groups.at(-1)!.push(sequence);
    tokens += count;
  }
  return groups;
}

/** Labelled tokens that have a token before them to be predicted from. */
export function countLabelled(sequences: readonly Sequence[]): number {
  let count = 0;
  for (const { labels } of sequences) {
    for (let i = 1; i < labels.length; i++) if (labels[i] !== -100) count++;
  }
  return count;
}

function packGroups(
  model: CausalLanguageModel,
  sequences: readonly Sequence[],
  { groupTokens, dtype }: PassSettings,
): PackedGroup[] {
  return groupSequences(sequences, groupTokens).map((group, index) => {
    const rows: number[] = [];
    const targets: number[] = [];
    let start = 0;
    for (const { labels } of group) {
      for (let i = 1; i < labels.length; i++) {
        if (labels[i] === -100) continue;
        rows.push(start + i - 1);
        targets.push(labels[i]!);
      }
      start += labels.length;
    }
    const ids = new Int32Array(start);
    let offset = 0;
    for (const { inputIds } of group) {
      ids.set(inputIds, offset);
      offset += inputIds.length;
    }
    const lengths = group.map(({ inputIds }) => inputIds.length);
    return {
      tokens: packedGroup(model, lengths, index, dtype),
      ids,
      rows: Int32Array.from(rows),
      targets: Int32Array.from(targets),
    };
  });
}

/** Loss at the labelled positions of one group. @param x [n, dim] output of the last branch */
function headLoss(
  model: CausalLanguageModel,
  x: Tensor,
  head: Tensor,
  rows: Tensor,
  targets: Int32Array,
  scale: number,
): { hidden: Tensor; loss: Tensor } {
  const hidden = x.indexSelect(0, rows).to({ dtype: head.dtype }).detach().requiresGrad_();
  const loss = enableGrad(() => {
    const normalised = rmsNorm(hidden, model.finalNorm, model.config.rms_norm_eps);
    return linearCrossEntropy(normalised, head, targets, scale);
  });
  return { hidden, loss };
}

/**
 * Loss of a micro-batch without gradients.
 *
 * @returns [] float32, the sum of the losses of its labelled tokens, times `lossScale`
 */
export function evaluationPass(
  model: CausalLanguageModel,
  sequences: readonly Sequence[],
  settings: PassSettings,
): Tensor {
  return noGrad(() =>
    tidy(() => {
      const head = model.head.to({ dtype: settings.dtype });
      let total = 0;
      for (const group of packGroups(model, sequences, settings)) {
        if (group.rows.length === 0) continue;
        total += tidy(() => {
          const { outputs } = forwardBranches(
            model.branches,
            [embedTokens(model, group.ids)],
            [group.tokens],
            { ...settings, dropoutKey: () => null, keepInputs: false, recompute: true },
          );
          const rows = tensor(group.rows).to({ device: model.device });
          const hidden = rmsNorm(
            outputs[0]!.indexSelect(0, rows).to({ dtype: head.dtype }),
            model.finalNorm,
            model.config.rms_norm_eps,
          );
          return linearCrossEntropy(hidden, head, group.targets, settings.lossScale).item();
        });
      }
      return full([], total, { dtype: "float32", device: model.device });
    }),
  );
}

/**
 * Loss and gradients of a micro-batch.
 *
 * @param gradients those of all trainable parameters are added to these
 * @returns [] float32, the sum of the losses of its labelled tokens, times `lossScale`
 */
export function trainingPass(
  model: CausalLanguageModel,
  sequences: readonly Sequence[],
  gradients: Gradients,
  settings: TrainingPassSettings,
): Tensor {
  const sums = new Map(gradients.views);
  return tidy(() => {
    const head = enableGrad(() => model.head.to({ dtype: settings.dtype }));
    const useTape = settings.recompute && fitsTape(model, settings.groupTokens);
    const groups = packGroups(model, sequences, settings);
    // With a tape one group goes through forward and backward before the next, since its
    // activations take the memory; without, each branch is prepared once for all groups.
    const flights = useTape ? groups.map((group) => [group]) : [groups];
    let loss = 0;
    for (const flight of flights) {
      loss += tidy(() => flightPass(model, flight, head, sums, { ...settings, useTape }));
    }
    return full([], loss, { dtype: "float32", device: model.device });
  });
}

/** Bytes of activations that may be noted for the backward pass. */
const TAPE_BYTES = 512 * 2 ** 20;

/** Whether the tape of one group fits: the outputs of all layers, in the model's data type. */
function fitsTape(model: CausalLanguageModel, groupTokens: number): boolean {
  const dim = model.config.hidden_size;
  let width = 0;
  for (const branch of model.branches) {
    width += dim;
    for (const linear of Object.values(branch.linears)) width += linear.outFeatures;
    for (const parameter of branch.parameters().values()) {
      if (!model.embedding.requiresGrad) width += Math.min(...parameter.shape) / 2;
    }
  }
  return width * groupTokens * bytesPerElement[model.dtype] <= TAPE_BYTES;
}

/** Forward and backward of some groups. */
function flightPass(
  model: CausalLanguageModel,
  groups: readonly PackedGroup[],
  head: Tensor,
  sums: Map<string, Tensor>,
  settings: TrainingPassSettings & { useTape: boolean },
): number {
  const tokens = groups.map((group) => group.tokens);
  const embedded = noGrad(() => groups.map(({ ids }) => embedTokens(model, ids)));
  const { outputs, kept } = forwardBranches(model.branches, embedded, tokens, {
    ...settings,
    keepInputs: true,
  });
  const { gradients, loss } = headPass(model, head, outputs, groups, sums, settings);
  dispose(outputs);
  const byEmbedding = backwardBranches(model.branches, kept, gradients, tokens, sums, settings);
  const embeddingSum = sums.get("model.embed_tokens.weight");
  if (embeddingSum) {
    groups.forEach(({ ids }, i) => {
      tidy(() => {
        const index = tensor(ids).to({ device: model.device });
        embeddingSum.indexAdd_(0, index, byEmbedding[i]!.to({ dtype: "float32" }));
      });
    });
  }
  return loss;
}

/** The output side: losses, and gradients with respect to the output of the last branch. */
function headPass(
  model: CausalLanguageModel,
  head: Tensor,
  outputs: readonly Tensor[],
  groups: readonly PackedGroup[],
  sums: Map<string, Tensor>,
  settings: TrainingPassSettings,
): { gradients: Tensor[]; loss: number } {
  let loss = 0;
  const scale = settings.gradientScale?.item() ?? 1;
  const headName = model.head === model.embedding ? "model.embed_tokens.weight" : "lm_head.weight";
  const trained = (
    [
      ["model.norm.weight", model.finalNorm],
      [headName, model.head],
    ] as const
  ).filter(([, parameter]) => parameter.requiresGrad);
  const gradients = groups.map(({ rows, targets }, i) =>
    tidy(() => {
      const x = outputs[i]!;
      const gradient = zeros([...x.shape], { dtype: "float32", device: x.device });
      if (rows.length === 0) return gradient;
      const index = tensor(rows).to({ device: model.device });
      const result = headLoss(model, x, head, index, targets, settings.lossScale * scale);
      loss += result.loss.item() / scale;
      const [byHidden, ...others] = grad(
        [result.loss],
        [result.hidden, ...trained.map(([, parameter]) => parameter)],
        { retainGraph: true },
      );
      trained.forEach(([name], t) => {
        sums.get(name)!.add_(others[t]!);
      });
      return gradient.indexAdd_(0, index, byHidden!.to({ dtype: "float32" }));
    }),
  );
  return { gradients, loss };
}
