/** The feed-forward branch of a mixture of experts (Shazeer et al., 2017, arXiv 1701.06538). */
import {
  chooseExperts,
  combineTokens,
  dispatchTokens,
  type ExpertChoice,
  type ExpertWeighting,
  expertWeights,
  joinExperts,
  type Linear,
  type ProductGroup,
  routerLogits,
  sortByExpert,
  splitExperts,
  sumValues,
  swiglu,
  type Value,
  weighSlots,
} from "../nn/index.js";
import type { DType } from "../tensor/index.js";
import { ConfigError, FormatError } from "../util/errors.js";
import { hashKey } from "../util/hash.js";
import { branchNorms, llamaNames, modelBranch } from "./blocks.js";
import type { ModelConfig } from "./config.js";
import type { ModelBranch, ModelReader } from "./types.js";

/** How a mixture of experts is made up. */
export interface MixtureOptions extends ExpertChoice, ExpertWeighting {
  /** How many experts there are. */
  experts: number;
  /** Width of each. */
  width: number;
  /** Width of the experts that every token goes through, as one; 0 for none. */
  sharedWidth?: number;
  /** Data type in which the router computes; default: that of the branch. */
  routerType?: DType;
}

const gateUpOf = (expert: number) => `expert ${expert} gateUp`;
const downOf = (expert: number) => `expert ${expert} down`;

/**
 * The sum of what the chosen experts make of a token, each times its weight. Each is a feed-forward
 * layer as Llama's. The weights multiply what goes into the last product instead of what comes out of
 * it, which is the same and spares the backward pass that output.
 */
export function mixtureOfExperts(
  config: ModelConfig,
  read: ModelReader,
  layer: number,
  options: MixtureOptions,
): ModelBranch {
  const { experts, perToken, sharedWidth = 0 } = options;
  const module = `${llamaNames.layers}.${layer}`;
  const name = `${module}.${llamaNames.feedForward}`;
  const around = branchNorms(config, read, module, {
    before: llamaNames.feedForwardNorm,
  });
  const router = read.parameter(`${name}.gate.weight`, [experts, config.hidden_size]);
  const linears = expertLinears(config, read, name, options);
  const numbers = Array.from({ length: experts }, (_, expert) => expert);
  const shared = (x: Value, group: ProductGroup) =>
    linears.sharedDown!.apply(swiglu(linears.sharedGateUp!.apply(x, group)), group);
  return modelBranch({
    name,
    layer,
    norms: around.parameters,
    router,
    linears,
    experts: {
      count: experts,
      perToken,
      roles: new Set(numbers.flatMap((expert) => [gateUpOf(expert), downOf(expert)])),
    },
    attention: null,
    forward(input, group) {
      const x = around.before(input);
      const logits = routerLogits(x, router, group, options.routerType ?? group.dtype);
      const chosen = chooseExperts(logits, options); // [n, k]
      const weights = expertWeights(logits, chosen, options);
      const slots = sortByExpert(logits, chosen, experts);
      const own = expertGroup(group);
      const applyEach = (parts: readonly Value[], roleOf: (expert: number) => string) =>
        parts.map((rows, i) => linears[roleOf(slots.ranges[i]!.expert)]!.apply(rows, own));
      const both = joinExperts(applyEach(dispatchTokens(x, slots), gateUpOf), slots);
      const inner = weighSlots(swiglu(both), weights, slots); // [n * k, width]
      const routed = combineTokens(applyEach(splitExperts(inner, slots), downOf), slots);
      return sharedWidth > 0 ? sumValues(routed, shared(x, group)) : routed;
    },
  });
}

/** The linear layers of all experts, in the order of their numbers, then those of the shared ones. */
function expertLinears(
  config: ModelConfig,
  read: ModelReader,
  name: string,
  { experts, width, sharedWidth = 0 }: MixtureOptions,
): Record<string, Linear> {
  const { hidden_size: dim, mlp_bias: hasBias } = config;
  refuseJoined(read, `${name}.experts`);
  const linears: Record<string, Linear> = {};
  for (let expert = 0; expert < experts; expert++) {
    const module = `${name}.experts.${expert}`;
    linears[gateUpOf(expert)] = read.stack(module, { gate_proj: width, up_proj: width }, dim);
    linears[downOf(expert)] = withoutBias(read.stack(module, { down_proj: dim }, width));
  }
  if (sharedWidth > 0) {
    const module = `${name}.shared_experts`;
    const outputs = { gate_proj: sharedWidth, up_proj: sharedWidth };
    linears.sharedGateUp = read.stack(module, outputs, dim, hasBias);
    linears.sharedDown = read.stack(module, { down_proj: dim }, sharedWidth, hasBias);
  }
  return linears;
}

/** transformers 5 can also save the experts of a layer as it keeps them, in one tensor. */
function refuseJoined(read: ModelReader, module: string): void {
  const joined = `${module}.gate_up_proj`;
  if (!read.has(joined) || read.has(`${module}.0.gate_proj.weight`)) return;
  throw new FormatError(`${joined} holds all experts of a layer, which is not read`, {
    why: "published files have each expert by itself, and so has what save_pretrained writes by default",
    todo: "save the model again without save_original_format=False",
  });
}

/** A bias would have to be multiplied by the weight of the expert too. */
function withoutBias(linear: Linear): Linear {
  if (!linear.bias) return linear;
  throw new ConfigError(`experts with biases are not supported: ${linear.bias.name}`, {
    why: "the published models of this type have none",
  });
}

/**
 * The group as the layers of an expert see it: they have some of its tokens, so that masks of the
 * whole group do not fit.
 */
function expertGroup(group: ProductGroup): ProductGroup {
  const { dropoutKey, maskRows } = group;
  if (dropoutKey === null) return group;
  const { maskRows: _, ...rest } = group;
  return { ...rest, dropoutKey: hashKey(dropoutKey, maskRows?.first ?? 0) };
}
