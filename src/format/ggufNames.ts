/** Tensor names of GGUF files of Llama-like models, and the names that Hugging Face gives them. */

const GLOBAL: Readonly<Record<string, string>> = {
  token_embd: "model.embed_tokens",
  output_norm: "model.norm",
  output: "lm_head",
};

const LAYER: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  attn_q_norm: "self_attn.q_norm",
  attn_k_norm: "self_attn.k_norm",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};

const TENSOR = /^(?:blk\.(0|[1-9]\d{0,4})\.)?([a-z_]+)\.(weight|bias)$/;

/** Hugging Face's name, and which layer it is in; undefined for a tensor of no Llama-like model. */
export function mapGgufName(name: string): { name: string; layer: number | undefined } | undefined {
  const match = TENSOR.exec(name);
  if (!match) return undefined;
  const [, layer, part = "", suffix = ""] = match;
  const table = layer === undefined ? GLOBAL : LAYER;
  if (!Object.hasOwn(table, part)) return undefined;
  const mapped = `${table[part]}.${suffix}`;
  if (layer === undefined) return { name: mapped, layer: undefined };
  return { name: `model.layers.${layer}.${mapped}`, layer: Number(layer) };
}
