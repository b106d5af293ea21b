/** InternLM2 as a Llama: other names, and the rows of `wqkv` sorted into q, k and v. */
import { denseLinear, type Linear, nameStack, type Parameter, parameter } from "../nn/index.js";
import { cat, type Tensor } from "../tensor/index.js";
import type { ModelConfig } from "./config.js";
import { llamaConfig } from "./llamaConfig.js";
import type { CausalLanguageModel } from "./types.js";

/** Llama's names of modules, by InternLM2's. */
const modules: readonly (readonly [RegExp, string])[] = [
  [/^model\.tok_embeddings\b/, "model.embed_tokens"],
  [/^output\b/, "lm_head"],
  [/\.attention_norm\b/, ".input_layernorm"],
  [/\.ffn_norm\b/, ".post_attention_layernorm"],
  [/\.attention\.wo\b/, ".self_attn.o_proj"],
  [/\.feed_forward\.w1\b/, ".mlp.gate_proj"],
  [/\.feed_forward\.w3\b/, ".mlp.up_proj"],
  [/\.feed_forward\.w2\b/, ".mlp.down_proj"],
];

function llamaName(name: string): string {
  return modules.reduce((result, [own, theirs]) => result.replace(own, theirs), name);
}

/** See {@link ModelFamily.asLlama}. */
export function internlm2AsLlama(model: CausalLanguageModel): ReadonlyMap<string, string> {
  const { config, embedding, output } = model;
  const renamed = new Map<string, string>();
  const renameWeight = (one: Parameter): Parameter => {
    const name = llamaName(one.name);
    renamed.set(name, one.name);
    return { ...one, name };
  };
  const isTied = output.weight === embedding;
  model.embedding = renameWeight(embedding);
  output.weight = isTied ? model.embedding : renameWeight(output.weight);
  for (const branch of model.branches) {
    branch.norms = branch.norms.map(renameWeight);
    for (const [role, linear] of Object.entries(branch.linears)) {
      const packed = linear.parts[0]!.name;
      const layer = packed.endsWith(".wqkv") ? sorted(linear, config) : renamedLinear(linear);
      branch.linears[role] = layer;
      for (const [i, { name }] of layer.parts.entries()) {
        const from = linear.parts[i]?.name ?? packed;
        for (const kind of ["weight", "bias"]) renamed.set(`${name}.${kind}`, `${from}.${kind}`);
      }
    }
  }
  const { attention_bias, pad_token_id } = config;
  const own = { attention_bias, pad_token_id };
  model.config = llamaConfig(config, ["bias", "attn_implementation"], own);
  return renamed;
}

function renamedLinear(linear: Linear): Linear {
  const parts = linear.parts.map((part) => ({ ...part, name: llamaName(part.name) }));
  return denseLinear(linear.parameters()[0]!, linear.bias, parts);
}

/** @param linear whose rows follow each other by key heads: the queries of one, its keys, its values */
function sorted(linear: Linear, config: ModelConfig): Linear {
  const { num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: headDim } = config;
  const group = heads / keyHeads;
  const rows = (tensor: Tensor): Tensor => {
    const rest = tensor.shape.slice(1);
    const all = tensor.view([keyHeads, group + 2, headDim, ...rest]);
    const part = (start: number, count: number) =>
      all.narrow(1, start, count).reshape([-1, ...rest]);
    return cat([part(0, group), part(group, 1), part(group + 1, 1)], 0);
  };
  const [weight] = linear.parameters();
  const prefix = linear.parts[0]!.name.replace(/\.attention\.wqkv$/, ".self_attn");
  const sizes = { q_proj: heads, k_proj: keyHeads, v_proj: keyHeads };
  const features = Object.entries(sizes).map(([name, count]) => [name, count * headDim]);
  const { name, parts } = nameStack(prefix, Object.fromEntries(features));
  const bias = linear.bias && parameter(`${name}.bias`, rows(linear.bias.tensor));
  return denseLinear(parameter(`${name}.weight`, rows(weight!.tensor)), bias, parts);
}
