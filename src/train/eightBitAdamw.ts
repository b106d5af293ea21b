/**
 * AdamW whose state takes two bytes a weight instead of eight (Dettmers et al., 2021,
 * arXiv 2110.02861): both averages are kept as 8-bit codes in blocks of 256, and are whole only while
 * their own tensor is updated. Rules and tables are those of bitsandbytes' `AdamW8bit`.
 */
import { dynamicMap } from "../lora/index.js";
import {
  dequantizeBlockwise,
  dispose,
  noGrad,
  quantizeBlockwise,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import type { OptimizerSettings, UpdateRule } from "./updateRule.js";

const BLOCK = 256;

/** Smaller tensors are not worth a table lookup. */
const SMALLEST = 4096;

/** As bitsandbytes and transformers: small tensors and embeddings keep state of 32 bits. */
export function keepsEightBitState(name: string, parameter: Tensor): boolean {
  return parameter.numel >= SMALLEST && !name.endsWith("embed_tokens.weight");
}

/**
 * The rule for some parameters.
 *
 * @param parameters float32, contiguous, updated in place
 * @param allocate memory for codes; the caller's choice, since a device may page it
 */
export function eightBitAdamw(
  parameters: ReadonlyMap<string, Tensor>,
  settings: OptimizerSettings,
  allocate: (bytes: number, parameter: Tensor) => Tensor,
): UpdateRule {
  const device = [...parameters.values()][0]!.device;
  const maps = [dynamicMap(true), dynamicMap(false)].map((map) => {
    const onHost = tensor(map);
    if (onHost.device === device) return onHost;
    const onDevice = onHost.to({ device });
    onHost.dispose();
    return onDevice;
  });
  const state = new Map<string, Tensor>();
  for (const [name, parameter] of parameters) {
    for (const part of [1, 2]) {
      const blocks = Math.ceil(parameter.numel / BLOCK);
      state.set(`${name}.state${part}`, allocate(parameter.numel, parameter).zero_());
      state.set(`${name}.absmax${part}`, zeros([blocks], { dtype: "float32", device }));
    }
  }

  const update = (name: string, parameter: Tensor, gradient: Tensor, rate: number, step: number) =>
    tidy(() => {
      const averages = [1, 2].map((part) => {
        const whole = parameter.emptyLike();
        const codes = state.get(`${name}.state${part}`)!;
        dequantizeBlockwise(
          maps[part - 1]!,
          codes,
          state.get(`${name}.absmax${part}`)!,
          whole,
          BLOCK,
        );
        return whole;
      });
      const [first, second] = averages as [Tensor, Tensor];
      const { adam_beta1: beta1, adam_beta2: beta2 } = settings;
      first.mul_(beta1).add_(gradient, { alpha: 1 - beta1 });
      second.mul_(beta2).addcmul_(gradient, gradient, { value: 1 - beta2 });
      const denominator = second
        .sqrt()
        .div_(Math.sqrt(1 - beta2 ** step))
        .add_(settings.adam_epsilon);
      if (parameter.dim > 1) parameter.mul_(1 - rate * settings.weight_decay);
      parameter.addcdiv_(first, denominator, { value: -rate / (1 - beta1 ** step) });
      averages.forEach((whole, i) => {
        const codes = state.get(`${name}.state${i + 1}`)!;
        quantizeBlockwise(maps[i]!, whole, state.get(`${name}.absmax${i + 1}`)!, codes, BLOCK);
      });
    });

  return {
    state,
    step(gradients, rate, number) {
      noGrad(() => {
        for (const [name, parameter] of parameters) {
          update(name, parameter, gradients.get(name)!, rate, number);
        }
      });
    },
    dispose() {
      dispose(maps);
      dispose(state);
    },
  };
}
