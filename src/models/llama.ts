/**
 * The Llama family (Touvron et al., 2023, arXiv 2302.13971; Llama 2 adds grouped queries, Llama 3
 * its stretched positions): RMS norms before each branch, rotary positions, SwiGLU.
 *
 * q, k and v are one stacked product, gate and up another; weight files keep them apart.
 */
import type { ModelConfig } from "../format/index.js";
import {
  type Apply,
  type Linear,
  type Preparation,
  rmsNorm,
  rotatedHeads,
  stackParts,
  swiglu,
  type TokenGroup,
} from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import type {
  CausalLanguageModel,
  ModelBranch,
  ModelFamily,
  WeightReaderFunctions,
} from "./types.js";

/** Parameters of a branch under their full names: those of its layers and its norm. */
function branchParameters(branch: ModelBranch): Map<string, Tensor> {
  const all = new Map<string, Tensor>();
  if (branch.norm.requiresGrad) {
    all.set(`model.layers.${branch.layer}.${branch.normName}.weight`, branch.norm);
  }
  for (const linear of Object.values(branch.linears)) {
    for (const [name, tensor] of linear.parameters()) all.set(`${branch.name}.${name}`, tensor);
  }
  return all;
}

/** Layers of one branch get different dropout keys. */
function keyFor(preparation: Preparation, position: number): Preparation {
  const { dropoutKey } = preparation;
  return { ...preparation, dropoutKey: dropoutKey === null ? null : dropoutKey + position };
}

function attentionBranch(
  config: ModelConfig,
  layer: number,
  norm: Tensor,
  linears: { qkv: Linear; o: Linear },
): ModelBranch {
  const { num_attention_heads: heads, num_key_value_heads: keyHeads } = config;
  const branch: ModelBranch = {
    name: `model.layers.${layer}.self_attn`,
    layer,
    norm,
    linears,
    normName: "input_layernorm",
    parameters: () => branchParameters(branch),
    prepare(preparation) {
      const qkv = linears.qkv.prepare(keyFor(preparation, 0));
      const o = linears.o.prepare(keyFor(preparation, 1));
      const attended = (x: Tensor, group: TokenGroup, project: Apply["unnoted"]) => {
        const mixed = project(rmsNorm(x, norm, config.rms_norm_eps), group); // [n, (nH + 2 nKv) * hd]
        const [q, k, v] = rotatedHeads(mixed, group.rope, heads, keyHeads, group.tape);
        return group.attend(q, k, v, layer, group.tape);
      };
      return {
        apply: (x, group) => o.unnoted(attended(x, group, qkv.unnoted), group),
        connect: (x, group) =>
          o.connect(attended(x, group, group.tape ? qkv.connect : qkv.unnoted), group),
      };
    },
  };
  return branch;
}

function feedForwardBranch(
  config: ModelConfig,
  layer: number,
  norm: Tensor,
  linears: { gateUp: Linear; down: Linear },
): ModelBranch {
  const branch: ModelBranch = {
    name: `model.layers.${layer}.mlp`,
    layer,
    norm,
    linears,
    normName: "post_attention_layernorm",
    parameters: () => branchParameters(branch),
    prepare(preparation) {
      const gateUp = linears.gateUp.prepare(keyFor(preparation, 0));
      const down = linears.down.prepare(keyFor(preparation, 1));
      const gated = (x: Tensor, group: TokenGroup) => {
        const both = gateUp(rmsNorm(x, norm, config.rms_norm_eps), group); // [n, 2 * intermediate]
        return swiglu(both);
      };
      return {
        apply: (x, group) => down.unnoted(gated(x, group), group),
        connect: (x, group) => down.connect(gated(x, group), group),
      };
    },
  };
  return branch;
}

function stack(
  read: WeightReaderFunctions,
  prefix: string,
  sizes: readonly [name: string, rows: number][],
  columns: number,
): Linear {
  const parts = sizes.map(([name, rows]) => ({ name: `${prefix}.${name}`, rows }));
  const weight = read.stacked(
    parts.map(({ name, rows }) => ({ name: `${name}.weight`, rows })),
    columns,
  );
  const bias = read.biases(parts.map(({ name, rows }) => ({ name: `${name}.bias`, rows })));
  return read.linear(
    weight,
    bias,
    stackParts(sizes.map(([name, outFeatures]) => ({ name, outFeatures }))),
  );
}

function build(config: ModelConfig, read: WeightReaderFunctions): CausalLanguageModel {
  const { hidden_size: dim, intermediate_size: width, head_dim: headDim } = config;
  const embedding = read.weight("model.embed_tokens.weight", [config.vocab_size, dim]);
  const branches: ModelBranch[] = [];
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const prefix = `model.layers.${layer}`;
    branches.push(
      attentionBranch(config, layer, read.weight(`${prefix}.input_layernorm.weight`, [dim]), {
        qkv: stack(
          read,
          `${prefix}.self_attn`,
          [
            ["q_proj", config.num_attention_heads * headDim],
            ["k_proj", config.num_key_value_heads * headDim],
            ["v_proj", config.num_key_value_heads * headDim],
          ],
          dim,
        ),
        o: stack(
          read,
          `${prefix}.self_attn`,
          [["o_proj", dim]],
          config.num_attention_heads * headDim,
        ),
      }),
      feedForwardBranch(
        config,
        layer,
        read.weight(`${prefix}.post_attention_layernorm.weight`, [dim]),
        {
          gateUp: stack(
            read,
            `${prefix}.mlp`,
            [
              ["gate_proj", width],
              ["up_proj", width],
            ],
            dim,
          ),
          down: stack(read, `${prefix}.mlp`, [["down_proj", dim]], width),
        },
      ),
    );
  }
  const finalNorm = read.weight("model.norm.weight", [dim]);
  const head =
    config.tie_word_embeddings || !read.has("lm_head.weight")
      ? embedding
      : read.weight("lm_head.weight", [config.vocab_size, dim]);
  return { config, dtype: read.dtype, device: read.device, embedding, branches, finalNorm, head };
}

export const llama: ModelFamily = {
  check(config) {
    if (config.hidden_act !== "silu") {
      throw new ConfigError(`activation "${config.hidden_act}" is not supported for llama models`);
    }
    if (config.partial_rotary_factor !== 1) {
      throw new ConfigError("partial rotary embeddings are not supported for llama models");
    }
  },
  build,
};
