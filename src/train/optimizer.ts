/**
 * Optimizers over named parameters: AdamW (Loshchilov and Hutter, 2017, arXiv 1711.05101) and SGD,
 * through libtorch's fused kernels or with 8-bit state, and clipping by the norm of all gradients.
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
  pagedBytes,
  stack,
  type Tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import { CheckpointError } from "../util/errors.js";
import { eightBitAdamw, keepsEightBitState } from "./eightBitAdamw.js";
import type { OptimizerSettings, UpdateRule } from "./updateRule.js";

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
 * @throws EnvironmentError where bitsandbytes' library is wanted and missing
 */
export function createOptimizer(
  parameters: ReadonlyMap<string, Tensor>,
  settings: OptimizerSettings,
): Optimizer {
  const eightBit = ([name, parameter]: [string, Tensor]) =>
    settings.kind === "adamw8bit" && keepsEightBitState(name, parameter);
  const all = [...parameters];
  const coded = new Map(all.filter(eightBit));
  const whole = new Map(all.filter((entry) => !eightBit(entry)));
  const bytesFor = (count: number, { device }: Tensor) =>
    settings.paged ? pagedBytes(count, device) : zeros([count], { dtype: "uint8", device });
  const rules: UpdateRule[] = [];
  if (whole.size > 0) rules.push(fusedRule(whole, settings, bytesFor));
  if (coded.size > 0) rules.push(eightBitAdamw(coded, settings, bytesFor));
  let done = 0;
  const state = () => new Map(rules.flatMap((rule) => [...rule.state]));
  return {
    step(gradients, learningRate) {
      done += 1;
      for (const rule of rules) rule.step(gradients, learningRate, done);
    },
    state,
    restore(saved, steps) {
      for (const [name, tensor] of state()) {
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
    dispose() {
      for (const rule of rules) rule.dispose();
    },
  };
}

/** AdamW or SGD with state in float32, by libtorch's fused kernels. */
function fusedRule(
  parameters: ReadonlyMap<string, Tensor>,
  settings: OptimizerSettings,
  allocate: (bytes: number, parameter: Tensor) => Tensor,
): UpdateRule {
  const adam = settings.kind !== "sgd";
  const names = adam ? ["exp_avg", "exp_avg_sq"] : ["momentum_buffer"];
  const hasState = adam || (settings.momentum ?? 0) > 0;
  const state = new Map<string, Tensor>();
  if (hasState) {
    for (const [name, parameter] of parameters) {
      for (const part of names) {
        const value = tidy(() => {
          const bytes = allocate(parameter.numel * 4, parameter).zero_();
          return bytes.viewDtype("float32").view([...parameter.shape]);
        });
        state.set(`${name}.${part}`, value);
      }
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
  return {
    state,
    step(gradients, learningRate, number) {
      noGrad(() =>
        tidy(() => {
          for (const group of groups) {
            const sums = group.names.map((name) => gradients.get(name)!);
            const part = (name: string) => group.names.map((key) => state.get(`${key}.${name}`)!);
            if (adam) {
              const device = group.tensors[0]!.device;
              const steps = group.names.map(() => full([], number, { dtype: "float32", device }));
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
                isFirstStep: number === 1,
              });
            }
          }
        }),
      );
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
