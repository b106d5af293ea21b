/** The pass through a whole model without gradients: hidden states and logits. */
import {
  causalAttention,
  type PreparedBranch,
  rmsNorm,
  ropeTable,
  type TokenGroup,
} from "../nn/index.js";
import {
  cat,
  type DType,
  embedding,
  hold,
  linear,
  noGrad,
  type Tensor,
  tensor,
  tidy,
} from "../tensor/index.js";
import type { CausalLanguageModel } from "./types.js";

/**
 * Rows of the embedding for token ids.
 *
 * @returns [n, dim]
 */
export function embedTokens(model: CausalLanguageModel, ids: Int32Array): Tensor {
  return tidy(() => {
    const index = tensor(ids, [ids.length]).to({ device: model.device });
    return embedding(model.embedding, index);
  });
}

/**
 * A group of whole sequences, one after the other in a packed row. Positions restart with each,
 * and attention never crosses from one to the next.
 */
export function packedGroup(
  model: CausalLanguageModel,
  lengths: readonly number[],
  index: number,
  dtype: DType,
): TokenGroup {
  const positions = lengths.flatMap((length) => Array.from({ length }, (_, i) => i));
  const longest = Math.max(...lengths);
  return {
    index,
    rope: ropeTable(model.config, positions, longest, dtype, model.device),
    attend(q, k, v, _layer, tape) {
      if (lengths.length === 1) return causalAttention(q, k, v, tape);
      let start = 0;
      const parts = lengths.map((length) => {
        const rows = (x: Tensor) => x.narrow(0, start, length);
        const part = causalAttention(rows(q), rows(k), rows(v), tape);
        start += length;
        return part;
      });
      return cat(parts, 0);
    },
  };
}

/** A model whose weights are cast, dequantised and gathered once, for many passes. */
export interface PreparedModel {
  model: CausalLanguageModel;
  /** Data type of the computation. */
  dtype: DType;
  branches: readonly PreparedBranch[];
  /** [dim] */
  finalNorm: Tensor;
  /** [vocab, dim] */
  head: Tensor;
  /** Frees what was prepared; the model itself stays. */
  dispose(): void;
}

/**
 * Prepares all branches at once. It shares the weights that have this dtype already and copies the
 * others; prepare anew after weights or adapters change.
 */
export function prepareModel(
  model: CausalLanguageModel,
  dtype: DType = model.dtype,
): PreparedModel {
  const { result, free } = hold(() =>
    noGrad(() => ({
      branches: model.branches.map((branch) => branch.prepare({ dtype, dropoutKey: null })),
      finalNorm: model.finalNorm.to({ dtype }),
      head: model.head.to({ dtype }),
    })),
  );
  return { model, dtype, ...result, dispose: free };
}

/** {@link hiddenStates} of a prepared model. */
export function preparedStates(
  { model, dtype, branches, finalNorm }: PreparedModel,
  ids: Int32Array,
  group: TokenGroup,
): Tensor {
  return through(model, ids, group, dtype, branches, finalNorm);
}

/**
 * Final hidden states, after the last norm. Branches are prepared one at a time.
 *
 * @param ids [n]
 * @param group positions and attention of these tokens
 * @returns [n, dim] in the dtype of the computation
 */
export function hiddenStates(
  model: CausalLanguageModel,
  ids: Int32Array,
  group: TokenGroup,
  dtype: DType = model.dtype,
): Tensor {
  const unprepared = model.branches.map((branch) => ({
    apply: (x: Tensor) => branch.prepare({ dtype, dropoutKey: null }).apply(x, group),
  }));
  return through(model, ids, group, dtype, unprepared, model.finalNorm);
}

function through(
  model: CausalLanguageModel,
  ids: Int32Array,
  group: TokenGroup,
  dtype: DType,
  branches: readonly Pick<PreparedBranch, "apply">[],
  finalNorm: Tensor,
): Tensor {
  return noGrad(() =>
    tidy(() => {
      let x = embedTokens(model, ids).to({ dtype });
      for (const branch of branches) {
        const next = tidy(() => branch.apply(x, group).add_(x));
        x.dispose();
        x = next;
      }
      return rmsNorm(x, finalNorm, model.config.rms_norm_eps);
    }),
  );
}

/** Logits of hidden states. @param hidden [n, dim] @returns [n, vocab] */
export function logitsOf(model: CausalLanguageModel, hidden: Tensor): Tensor {
  return linear(hidden, model.head.to({ dtype: hidden.dtype }));
}

/**
 * Logits of one whole sequence.
 *
 * @returns [n, vocab]
 */
export function forward(model: CausalLanguageModel, ids: Int32Array): Tensor {
  return tidy(() =>
    logitsOf(model, hiddenStates(model, ids, packedGroup(model, [ids.length], 0, model.dtype))),
  );
}

/** Every tensor of a model, to free it or to count its memory. */
export function modelTensors(model: CausalLanguageModel): Tensor[] {
  return [
    model.embedding,
    model.finalNorm,
    ...(model.head === model.embedding ? [] : [model.head]),
    ...model.branches.flatMap((branch) => [
      branch.norm,
      ...Object.values(branch.linears).flatMap((linear) => linear.tensors()),
    ]),
  ];
}

/** Every tensor of a model that requires a gradient, by full name. */
export function trainableParameters(model: CausalLanguageModel): Map<string, Tensor> {
  const parameters = new Map<string, Tensor>();
  if (model.embedding.requiresGrad) parameters.set("model.embed_tokens.weight", model.embedding);
  for (const branch of model.branches) {
    for (const [name, tensor] of branch.parameters()) parameters.set(name, tensor);
  }
  if (model.finalNorm.requiresGrad) parameters.set("model.norm.weight", model.finalNorm);
  if (model.head !== model.embedding && model.head.requiresGrad) {
    parameters.set("lm_head.weight", model.head);
  }
  return parameters;
}
