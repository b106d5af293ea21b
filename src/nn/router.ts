/** Which experts a token goes to, and with what weights (Shazeer et al., 2017, arXiv 1701.06538). */
import { type DType, linear, ones, type Tensor, zeros } from "../tensor/index.js";
import type { ProductGroup } from "./branches.js";
import { addProduct } from "./linear.js";
import type { Parameter } from "./parameter.js";
import { addGradient, decide, gradientOf, operate, tensorOf, type Value } from "./record.js";

/** How experts are chosen. */
export interface ExpertChoice {
  /** Experts of each token. */
  perToken: number;
  /**
   * Only experts of `chosen` of the `count` groups take part, those whose best experts are the best
   * (DeepSeek-AI, 2024, arXiv 2405.04434).
   */
  groups?: { count: number; chosen: number } | undefined;
}

/** How the weights of chosen experts follow from their probabilities. */
export interface ExpertWeighting {
  /** Whether the weights of a token add up to 1. */
  normalizes: boolean;
  factor: number;
}

const inType = (tensor: Tensor, dtype: DType) =>
  tensor.dtype === dtype ? tensor : tensor.to({ dtype });

/**
 * Scores of the experts: `x Wᵀ`.
 *
 * @param x [n, dim]
 * @param weight [experts, dim]
 * @param dtype data type of the product and its result
 * @returns [n, experts]
 */
export function routerLogits(
  x: Value,
  weight: Parameter,
  { weights }: ProductGroup,
  dtype: DType,
): Value {
  const byWeight = gradientOf(x.record, weight.name);
  const [output] = operate({
    inputs: [x],
    cost: "dear",
    trains: byWeight !== undefined,
    compute: () => [linear(inType(tensorOf(x), dtype), weights.cast(weight, dtype))],
    reads: byWeight ? [x] : [],
    backward([gradient]) {
      if (x.needsGradient) {
        const back = gradient!.matmul(weights.cast(weight, dtype));
        addGradient(x, inType(back, x.dtype));
      }
      if (byWeight) {
        addProduct(byWeight, gradient!.transpose(0, 1), inType(tensorOf(x), dtype));
      }
    },
  });
  return output!;
}

/** Probabilities of all experts, float32. @param logits [n, experts] */
function probabilities(logits: Value): Tensor {
  return tensorOf(logits).softmax(-1, "float32");
}

/** The experts with the largest probabilities. @param logits [n, experts] @returns [n, k] int64 */
export function chooseExperts(logits: Value, { perToken, groups }: ExpertChoice): Tensor {
  const [chosen] = decide(logits, () => {
    let scores = probabilities(logits);
    if (groups) scores = scores.mul(chosenGroups(scores, groups));
    return [scores.topk(perToken, -1)[1]];
  });
  return chosen!;
}

/** 1 for experts of the groups that take part, else 0. @param scores [n, experts] */
function chosenGroups(
  scores: Tensor,
  { count, chosen }: { count: number; chosen: number },
): Tensor {
  const [n = 0, experts = 0] = scores.shape;
  const { dtype, device } = scores;
  const best = scores.view([n, count, experts / count]).amax([-1]); // [n, groups]
  const taken = ones([n, chosen], { dtype, device });
  return zeros([n, count], { dtype, device })
    .scatterAdd_(1, best.topk(chosen, -1)[1], taken)
    .unsqueeze(-1)
    .expand([n, count, experts / count])
    .reshape([n, experts]);
}

/**
 * Weights of the chosen experts: their probabilities among all experts.
 *
 * @param logits [n, experts]
 * @param chosen [n, k]
 * @returns [n, k] in the type of the logits
 */
export function expertWeights(
  logits: Value,
  chosen: Tensor,
  { normalizes, factor }: ExpertWeighting,
): Value {
  const sumOf = (taken: Tensor) => taken.sum([-1], true);
  const [output] = operate({
    inputs: [logits],
    cost: "cheap",
    compute() {
      const taken = probabilities(logits).gather(1, chosen);
      const weights = normalizes ? taken.div_(sumOf(taken)) : taken;
      return [inType(weights.mul_(factor), tensorOf(logits).dtype)];
    },
    reads: [logits],
    backward([gradient]) {
      const all = probabilities(logits);
      const taken = all.gather(1, chosen);
      let byTaken = gradient!.to({ dtype: "float32" }).mul(factor);
      if (normalizes) {
        const sum = sumOf(taken);
        byTaken = byTaken.sub(sumOf(byTaken.mul(taken)).div(sum)).div(sum);
      }
      const { device, shape } = all;
      const byAll = zeros([...shape], { dtype: "float32", device }).scatterAdd_(1, chosen, byTaken);
      const along = sumOf(byAll.mul(all));
      addGradient(logits, inType(byAll.sub_(along).mul_(all), tensorOf(logits).dtype));
    },
  });
  return output!;
}
