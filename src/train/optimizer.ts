/**
 * Optimizers over named parameters: AdamW (Loshchilov and Hutter, 2017, arXiv 1711.05101) and SGD,
 * through libtorch's fused kernels, and clipping by the norm of all gradients.
 */
import {
  _foreachMul_,
  _foreachNorm,
  _fusedAdamw_,
  _fusedSgd_,
  dispose,
  full,
  linalgVectorNorm,
  noGrad,
  stack,
  type Tensor,
  tidy,
} from "../tensor/index.js";
import { CheckpointError } from "../util/errors.js";

/** Settings of an optimizer, in the names of `TrainingArguments`. */
export interface OptimizerSettings {
  kind: "adamw" | "sgd";
  weight_decay: number;
  adam_beta1: number;
  adam_beta2: number;
  adam_epsilon: number;
  /** Momentum of SGD; transformers' `optim: sgd` has none. */
  momentum?: number;
}

export interface Optimizer {
  /** Updates the parameters in place. @param gradients by the parameters' names, float32 */
  step(gradients: ReadonlyMap<string, Tensor>, learningRate: number): void;
  /** Tensors of the state by name, for a checkpoint. */
  state(): Map<string, Tensor>;
  /** Puts back a saved state. @param steps optimizer steps it had done */
  restore(state: ReadonlyMap<string, Tensor>, steps: number): void;
  dispose(): void;
}

/** As transformers: vectors (norms and biases) are not decayed. */
function isDecayed(parameter: Tensor): boolean {
  return parameter.dim > 1;
}

/**
 * An optimizer for named parameters.
 *
 * @param parameters float32, updated in place
 */
export function createOptimizer(
  parameters: ReadonlyMap<string, Tensor>,
  settings: OptimizerSettings,
): Optimizer {
  const names = settings.kind === "adamw" ? ["exp_avg", "exp_avg_sq"] : ["momentum_buffer"];
  const hasState = settings.kind === "adamw" || (settings.momentum ?? 0) > 0;
  const state = new Map<string, Tensor>();
  if (hasState) {
    for (const [name, parameter] of parameters) {
      for (const part of names) state.set(`${name}.${part}`, parameter.zerosLike());
    }
  }
  const groups = [true, false]
    .map((decayed) => [...parameters].filter(([, tensor]) => isDecayed(tensor) === decayed))
    .filter((group) => group.length > 0)
    .map((group) => ({
      names: group.map(([name]) => name),
      tensors: group.map(([, tensor]) => tensor),
      weightDecay: isDecayed(group[0]![1]) ? settings.weight_decay : 0,
    }));
  let done = 0;
  return {
    step(gradients, learningRate) {
      done += 1;
      noGrad(() =>
        tidy(() => {
          for (const group of groups) {
            const sums = group.names.map((name) => gradients.get(name)!);
            const part = (name: string) => group.names.map((key) => state.get(`${key}.${name}`)!);
            if (settings.kind === "adamw") {
              const device = group.tensors[0]!.device;
              const steps = group.names.map(() => full([], done, { dtype: "float32", device }));
              _fusedAdamw_(group.tensors, sums, part("exp_avg"), part("exp_avg_sq"), [], steps, {
                lr: learningRate,
                beta1: settings.adam_beta1,
                beta2: settings.adam_beta2,
                weightDecay: group.weightDecay,
                eps: settings.adam_epsilon,
                amsgrad: false,
                maximize: false,
              });
            } else {
              _fusedSgd_(group.tensors, sums, hasState ? part("momentum_buffer") : [], {
                weightDecay: group.weightDecay,
                momentum: settings.momentum ?? 0,
                lr: learningRate,
                dampening: 0,
                nesterov: false,
                maximize: false,
                isFirstStep: done === 1,
              });
            }
          }
        }),
      );
    },
    state: () => state,
    restore(saved, steps) {
      for (const [name, tensor] of state) {
        const value = saved.get(name);
        if (!value || value.numel !== tensor.numel) {
          throw new CheckpointError(`the optimizer state of ${name} does not fit this run`, {
            why: value
              ? `it has ${value.numel} values instead of ${tensor.numel}`
              : "the checkpoint has none",
            todo: "resume with the optimizer, mode and rank that the checkpoint was made with",
          });
        }
        tensor.copy_(value);
      }
      done = steps;
    },
    dispose: () => dispose(state),
  };
}

/**
 * Scales all gradients so that their common norm is at most `maxNorm`, as
 * `torch.nn.utils.clip_grad_norm_`.
 *
 * @param maxNorm 0 for no limit
 * @param scale what the gradients were multiplied by so far; taken out here
 * @returns the norm before clipping
 */
export function clipGradients(
  gradients: ReadonlyMap<string, Tensor>,
  maxNorm: number,
  scale = 1,
): number {
  const all = [...gradients.values()];
  return noGrad(() =>
    tidy(() => {
      const norm = linalgVectorNorm(stack(_foreachNorm(all, 2), 0)).item() / scale;
      const factor = maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
      if (factor / scale !== 1) _foreachMul_(all, factor / scale);
      return norm;
    }),
  );
}
