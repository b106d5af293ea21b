/**
 * Optimizers over named parameters: AdamW (Loshchilov and Hutter, 2017, arXiv 1711.05101) and SGD,
 * through libtorch's fused kernels or with 8-bit state. Whether a step is taken may be decided on the
 * device, so the number of the step lies there too.
 */
import {
  _fusedAdamw_,
  _fusedSgd_,
  dispose,
  noGrad,
  pagedBytes,
  prefetchPaged,
  type Tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import { CheckpointError } from "../util/errors.js";
import { eightBitAdamw, keepsEightBitState } from "./eightBitAdamw.js";
import { secondTry } from "./secondTry.js";
import type { OptimizerSettings, UpdateRule } from "./updateRule.js";

export interface Optimizer {
  /**
   * Updates the parameters in place.
   *
   * @param gradients by the parameters' names, float32
   * @param foundInf [] float32; where it is 1, parameters, state and number of steps stay as they are
   */
  step(
    gradients: ReadonlyMap<string, Tensor>,
    learningRate: number,
    foundInf?: Tensor | null,
  ): void;
  /** Tensors of the state by name, for a checkpoint; `step` is the number of steps taken. */
  state(): Map<string, Tensor>;
  /**
   * Puts back a saved state.
   *
   * @param steps what to take for `step` where the state has none, as those of version 0
   * @throws CheckpointError where it does not fit
   */
  restore(state: ReadonlyMap<string, Tensor>, steps: number): void;
  dispose(): void;
}

/** Name of the state's number of steps; parameters' names have dots. */
const STEP = "step";

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
    settings.kind === "adamw8bit" && keepsEightBitState(name, parameter, settings);
  const all = [...parameters];
  const coded = new Map(all.filter(eightBit));
  const whole = new Map(all.filter((entry) => !eightBit(entry)));
  const bytesFor = (count: number, { device }: Tensor) =>
    settings.paged ? pagedBytes(count, device) : zeros([count], { dtype: "uint8", device });
  const rules: UpdateRule[] = [];
  if (whole.size > 0) rules.push(fusedRule(whole, settings, bytesFor));
  if (coded.size > 0) rules.push(eightBitAdamw(coded, settings, bytesFor));
  const done = zeros([], { dtype: "float32", device: all[0]?.[1].device ?? "cpu" });
  const { device } = done;
  const state = () => new Map([[STEP, done], ...rules.flatMap((rule) => [...rule.state])]);
  return {
    step(gradients, learningRate, foundInf = null) {
      noGrad(() =>
        tidy(() => {
          secondTry(device, () => done.add_(1));
          for (const rule of rules) rule.step(gradients, learningRate, done, foundInf);
          if (foundInf) secondTry(device, () => done.sub_(foundInf));
        }),
      );
    },
    state,
    restore(saved, steps) {
      for (const [name, tensor] of state()) {
        const value = saved.get(name);
        if (!value && name === STEP) {
          done.fill_(steps);
          continue;
        }
        if (!value || value.numel !== tensor.numel) {
          throw new CheckpointError(`the optimizer state of ${name} does not fit this run`, {
            why: value
              ? `it has ${value.numel} values instead of ${tensor.numel}`
              : "the checkpoint has none",
            todo: "resume with the same optim, train_mode and lora_rank as in the checkpoint",
          });
        }
        tidy(() => tensor.copy_(value.view([...tensor.shape])));
      }
    },
    dispose() {
      done.dispose();
      for (const rule of rules) rule.dispose();
    },
  };
}

/** Parameters that are updated with the same weight decay and learning rate. */
function groupsOf(parameters: ReadonlyMap<string, Tensor>, settings: OptimizerSettings) {
  const groups = new Map<
    string,
    { names: string[]; tensors: Tensor[]; weightDecay: number; rateFactor: number }
  >();
  for (const [name, tensor] of parameters) {
    const weightDecay = isDecayed(tensor) ? settings.weight_decay : 0;
    const rateFactor = settings.rateFactor?.(name, tensor) ?? 1;
    const key = `${isDecayed(tensor)} ${rateFactor}`;
    const group = groups.get(key) ?? { names: [], tensors: [], weightDecay, rateFactor };
    group.names.push(name);
    group.tensors.push(tensor);
    groups.set(key, group);
  }
  return [...groups.values()];
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
  const groups = groupsOf(parameters, settings);
  return {
    state,
    step(gradients, learningRate, number, foundInf) {
      if (settings.paged) for (const part of state.values()) prefetchPaged(part);
      const update = (group: (typeof groups)[number]) => {
        const sums = group.names.map((name) => gradients.get(name)!);
        const part = (name: string) => group.names.map((key) => state.get(`${key}.${name}`)!);
        if (adam) {
          const steps = group.names.map(() => number);
          _fusedAdamw_(group.tensors, sums, part("exp_avg"), part("exp_avg_sq"), [], steps, {
            lr: learningRate * group.rateFactor,
            beta1: settings.adam_beta1,
            beta2: settings.adam_beta2,
            weightDecay: group.weightDecay,
            eps: settings.adam_epsilon,
            amsgrad: false,
            maximize: false,
            foundInf,
          });
        } else {
          _fusedSgd_(group.tensors, sums, hasState ? part("momentum_buffer") : [], {
            weightDecay: group.weightDecay,
            momentum: settings.momentum ?? 0,
            lr: learningRate * group.rateFactor,
            dampening: 0,
            nesterov: false,
            maximize: false,
            // The buffer begins as zeros, with which the rule gives what it gives the first time.
            isFirstStep: false,
            foundInf,
          });
        }
      };
      for (const group of groups) secondTry(group.tensors[0]!.device, () => update(group));
    },
    dispose: () => dispose(state),
  };
}
