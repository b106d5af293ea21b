/**
 * AdamW whose state takes two bytes a weight instead of eight (Dettmers et al., 2021,
 * arXiv 2110.02861): both averages are kept as 8-bit codes in blocks of 256, and are whole only while
 * their own tensor is updated. Rules and tables are those of bitsandbytes' `AdamW8bit`.
 */
import { dynamicMap } from "../lora/index.js";
import {
  dequantizeBlockwise,
  dispose,
  prefetchPaged,
  quantizeBlockwise,
  type Tensor,
  tensor,
  tidy,
  where,
  zeros,
} from "../tensor/index.js";
import { secondTry } from "./secondTry.js";
import type { OptimizerSettings, UpdateRule } from "./updateRule.js";

const BLOCK = 256;

/** Smaller tensors are not worth a table lookup. */
const SMALLEST = 4096;

/** As bitsandbytes and transformers: small tensors and embeddings keep state of 32 bits. */
export function keepsEightBitState(
  name: string,
  parameter: Tensor,
  { embeddings = [] }: OptimizerSettings,
): boolean {
  return parameter.numel >= SMALLEST && !embeddings.includes(name);
}

/** What the updates of a step share; 0-dimensional, on the device. */
interface StepScales {
  /** bool: whether nothing may change; null where that is not asked. */
  skipped: Tensor | null;
  zero: Tensor;
  /** float64: minus the learning rate over the first average's correction; 0 in a skipped step. */
  first: Tensor;
  /** float64: root of the second average's correction. */
  secondRoot: Tensor;
  /** float32: what weight decay leaves of a weight. */
  decay: Tensor;
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

  /** What an average is corrected by, as it began at zero. @param number [] float32 */
  const biasCorrection = (beta: number, number: Tensor): Tensor =>
    number.to({ dtype: "float64" }).mul_(Math.log(beta)).exp_().neg().add_(1);

  const scalesOf = (rate: number, number: Tensor, foundInf: Tensor | null): StepScales => {
    const taken = foundInf ? foundInf.neg().add_(1) : 1;
    const correction = biasCorrection(settings.adam_beta1, number);
    return {
      skipped: foundInf ? foundInf.ne(0) : null,
      zero: number.zerosLike(),
      first: correction.reciprocal().mul_(-rate).mul_(taken),
      secondRoot: biasCorrection(settings.adam_beta2, number).sqrt(),
      decay: number
        .zerosLike()
        .sub_(rate * settings.weight_decay)
        .mul_(taken)
        .add_(1),
    };
  };

  const update = (name: string, parameter: Tensor, gradient: Tensor, scales: StepScales) => {
    const tables = [1, 2].map((part) => ({
      codes: state.get(`${name}.state${part}`)!,
      absmax: state.get(`${name}.absmax${part}`)!,
    }));
    if (settings.paged) for (const { codes } of tables) prefetchPaged(codes);
    const [first, second] = tables.map(({ codes, absmax }, i) => {
      const whole = parameter.emptyLike();
      dequantizeBlockwise(maps[i]!, codes, absmax, whole, BLOCK);
      return whole;
    }) as [Tensor, Tensor];
    const { adam_beta1: beta1, adam_beta2: beta2 } = settings;
    const { skipped } = scales;
    const known = skipped ? where(skipped, scales.zero, gradient) : gradient;
    first.mul_(beta1).add_(known, { alpha: 1 - beta1 });
    second.mul_(beta2).addcmul_(known, known, { value: 1 - beta2 });
    const denominator = second.sqrt().div_(scales.secondRoot).add_(settings.adam_epsilon);
    const change = first.mul(scales.first).div_(denominator);
    const coded = [first, second].map((whole, i) => {
      const { codes, absmax } = tables[i]!;
      const [newCodes, newAbsmax] = [codes.emptyLike(), absmax.emptyLike()];
      quantizeBlockwise(maps[i]!, whole, newAbsmax, newCodes, BLOCK);
      if (!skipped) return [newCodes, newAbsmax] as const;
      return [where(skipped, codes, newCodes), where(skipped, absmax, newAbsmax)] as const;
    });
    // What follows needs no memory, so that an update is refused as a whole.
    if (settings.weight_decay > 0 && parameter.dim > 1) parameter.mul_(scales.decay);
    parameter.add_(change);
    for (const [i, [codes, absmax]] of coded.entries()) {
      tables[i]!.codes.copy_(codes);
      tables[i]!.absmax.copy_(absmax);
    }
  };

  return {
    state,
    step(gradients, rate, number, foundInf) {
      const byFactor = new Map<number, StepScales>();
      for (const [name, parameter] of parameters) {
        const factor = settings.rateFactor?.(name, parameter) ?? 1;
        const scales =
          byFactor.get(factor) ??
          secondTry(device, () => scalesOf(rate * factor, number, foundInf));
        byFactor.set(factor, scales);
        const job = () => tidy(() => update(name, parameter, gradients.get(name)!, scales));
        secondTry(device, job);
      }
    },
    dispose() {
      dispose(maps);
      dispose(state);
    },
  };
}
