/**
 * DeepSeek-V2 (DeepSeek-AI, 2024, arXiv 2405.04434): attention whose keys and values are made from a
 * small latent vector of each token (MLA), and experts beside shared ones that every token goes
 * through.
 *
 * A part of each head rotates, neighbours paired; that of the keys is one for all heads.
 */
import { type KeyReader, keyReader } from "../format/index.js";
import {
  joinColumns,
  type Linear,
  rotary,
  splitColumns,
  splitHeads,
  type Value,
  yarnMagnitude,
} from "../nn/index.js";
import { ConfigError } from "../util/errors.js";
import {
  attentionModule,
  branchNorms,
  decoder,
  gatedFeedForward,
  llamaNames,
  modelBranch,
  normOf,
} from "./blocks.js";
import { type ModelConfig, parseModelConfig } from "./config.js";
import { type MixtureOptions, mixtureOfExperts } from "./experts.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { ModelBranch, ModelFamily, ModelReader } from "./types.js";

const COUNT = { whole: true, least: 1, most: 2 ** 31 } as const;

/** Norms of latent vectors do not go by `rms_norm_eps`. */
const LATENT_EPSILON = 1e-6;

/** Widths within attention. */
interface LatentSizes {
  /** Of the vector that queries are made from; null where they are made from the input. */
  queryRank: number | null;
  /** Of the vector that keys and values are made from. */
  keyRank: number;
  /** Columns of a head that do not rotate, and that do. */
  plain: number;
  turned: number;
  value: number;
}

function sizesOf({ raw }: ModelConfig, where = "config.json"): LatentSizes {
  const keys = keyReader(raw, where);
  const queryRank = keys.number("q_lora_rank", COUNT);
  return {
    queryRank: queryRank ?? (Object.hasOwn(raw, "q_lora_rank") ? null : 1536),
    keyRank: keys.number("kv_lora_rank", COUNT) ?? 512,
    plain: keys.number("qk_nope_head_dim", COUNT) ?? 128,
    turned: keys.number("qk_rope_head_dim", COUNT) ?? 64,
    value: keys.number("v_head_dim", COUNT) ?? 128,
  };
}

/** The experts, and from which layer on there are some. */
function mixtureOf({ raw }: ModelConfig, where = "config.json") {
  const keys = keyReader(raw, where);
  const experts = keys.number("n_routed_experts", COUNT) ?? 64;
  const perToken = keys.required("num_experts_per_tok", COUNT);
  const width = keys.number("moe_intermediate_size", COUNT) ?? 1407;
  const shared = Object.hasOwn(raw, "n_shared_experts")
    ? keys.required("n_shared_experts", COUNT)
    : 2;
  const method = keys.string("topk_method") ?? "greedy";
  const groups = method === "group_limited_greedy" ? groupsOf(keys, experts) : undefined;
  const most = groups ? (experts / groups.count) * groups.chosen : experts;
  if (perToken > most) {
    keys.fail("num_experts_per_tok", `is ${perToken}, with ${most} experts to choose from`);
  }
  const mixture: MixtureOptions = {
    experts,
    perToken,
    groups,
    width,
    sharedWidth: shared * width,
    normalizes: false,
    factor: keys.number("routed_scaling_factor") ?? 1,
    routerType: "float32",
  };
  const first = keys.number("first_k_dense_replace", { whole: true, least: 0 }) ?? 0;
  return { mixture, first, method };
}

function groupsOf(keys: KeyReader, experts: number): { count: number; chosen: number } {
  const count = keys.required("n_group", COUNT);
  const chosen = keys.required("topk_group", COUNT);
  if (experts % count !== 0) {
    keys.fail("n_group", `is ${count}, which does not divide ${experts} experts`);
  }
  if (chosen > count) keys.fail("topk_group", `is ${chosen}, of ${count} groups`);
  return { count, chosen };
}

/** Where rotations are stretched by YaRN, scores may be scaled too. */
function scoreScale({ rope_scaling: scaling }: ModelConfig, width: number): number {
  const { factor = 1, mscale_all_dim: mscale = 0 } = scaling ?? {};
  return width ** -0.5 * (mscale === 0 ? 1 : yarnMagnitude(factor, mscale) ** 2);
}

/** Attention, from latent vectors to whole keys and values. */
function latentAttention(config: ModelConfig, read: ModelReader, layer: number): ModelBranch {
  const { num_attention_heads: heads } = config;
  const { queryRank, keyRank, plain, turned, value } = sizesOf(config);
  const name = attentionModule(read, layer);
  const around = branchNorms(config, read, `${llamaNames.layers}.${layer}`, {
    before: llamaNames.attentionNorm,
  });
  const latentNorm = (part: string, size: number) =>
    normOf({ ...config, rms_norm_eps: LATENT_EPSILON }, read, `${name}.${part}`, size);
  const queryNorm = queryRank === null ? null : latentNorm("q_a_layernorm", queryRank);
  const keyNorm = latentNorm("kv_a_layernorm", keyRank);
  const linears = latentLinears(config, read, name);
  const options = { scale: scoreScale(config, plain + turned) };
  return modelBranch({
    name,
    layer,
    norms: [
      ...around.parameters,
      ...[queryNorm, keyNorm].flatMap((norm) => (norm ? [norm.parameter] : [])),
    ],
    linears,
    attention: { heads, keyHeads: heads, headDim: plain + turned, valueDim: value, options },
    forward(input, group) {
      const x = around.before(input);
      const turn = (part: Value) => rotary(part, group.rotations!, "neighbours");
      const headsOf = (mixed: Value, count: number, widths: readonly [number, number]) =>
        splitColumns(splitHeads(mixed, [count], widths[0] + widths[1])[0]!, widths);
      const latentQuery = queryNorm?.apply(linears.qA!.apply(x, group)) ?? x;
      const [q, qTurned] = headsOf(linears.q!.apply(latentQuery, group), heads, [plain, turned]);
      const [latent, turnedKey] = splitColumns(linears.kvA!.apply(x, group), [keyRank, turned]);
      const [kTurned] = splitHeads(turnedKey!, [1], turned); // [n, 1, turned]
      const both = linears.kvB!.apply(keyNorm.apply(latent!), group); // [n, nH * (plain + vd)]
      const [k, v] = headsOf(both, heads, [plain, value]);
      const queries = joinColumns([q!, turn(qTurned!)]);
      const keys = joinColumns([k!, turn(kTurned!)]);
      return linears.o!.apply(group.attend(queries, keys, v!, layer, options), group);
    },
  });
}

function latentLinears(config: ModelConfig, read: ModelReader, name: string) {
  const { hidden_size: dim, num_attention_heads: heads, attention_bias: hasBias } = config;
  const { queryRank, keyRank, plain, turned, value } = sizesOf(config);
  const queries = heads * (plain + turned);
  const linears: Record<string, Linear> =
    queryRank === null
      ? { q: read.stack(name, { q_proj: queries }, dim) }
      : {
          qA: read.stack(name, { q_a_proj: queryRank }, dim, hasBias),
          q: read.stack(name, { q_b_proj: queries }, queryRank),
        };
  linears.kvA = read.stack(name, { kv_a_proj_with_mqa: keyRank + turned }, dim, hasBias);
  linears.kvB = read.stack(name, { kv_b_proj: heads * (plain + value) }, keyRank);
  linears.o = read.stack(name, { o_proj: dim }, heads * value, hasBias);
  return linears;
}

/** Values of keys that transformers does not look at, and that would have other results. */
const expected: Readonly<Record<string, unknown>> = {
  scoring_func: "softmax",
  norm_topk_prob: false,
  moe_layer_freq: 1,
};

export const deepseek_v2: ModelFamily = {
  configure(raw, where) {
    // Only this part of a head rotates.
    const { turned } = sizesOf({ raw } as ModelConfig, where);
    const config = parseModelConfig({ ...raw, head_dim: turned }, where, llamaDefaults);
    mixtureOf({ ...config, raw }, where);
    return { ...config, raw };
  },
  check(config) {
    checkDecoder(config);
    const refuse = (key: string, known: unknown) => {
      const value = JSON.stringify(config.raw[key] ?? config[key as keyof ModelConfig]);
      throw new ConfigError(`${key}: ${value} is not supported for deepseek_v2 models`, {
        why: `they are computed with ${JSON.stringify(known)}, as transformers does it`,
      });
    };
    for (const [key, value] of Object.entries(expected)) {
      if ((config.raw[key] ?? value) !== value) refuse(key, value);
    }
    const { num_attention_heads: heads, num_key_value_heads: keyHeads } = config;
    if (keyHeads !== heads) refuse("num_key_value_heads", heads);
    const { method } = mixtureOf(config);
    if (method !== "greedy" && method !== "group_limited_greedy") {
      refuse("topk_method", ["greedy", "group_limited_greedy"]);
    }
  },
  build(config, read) {
    const { mixture, first } = mixtureOf(config);
    return decoder(
      config,
      read,
      (layer) => [
        latentAttention(config, read, layer),
        layer < first
          ? gatedFeedForward(config, read, layer)
          : mixtureOfExperts(config, read, layer, mixture),
      ],
      { rotary: { parameters: config, inFloat32: true } },
    );
  },
  gguf: null,
};
