#!/usr/bin/env python3
"""Writes small checkpoints of fixtures/families as GGUF files too, as llama.cpp's conversion does it.

    python test/parity/gguf_family_fixtures.py

Written: fixtures/families/<case>/model.gguf. Names are those of the package `gguf`; keys, rows and norms are as in
llama.cpp's conversion/{llama,phi,olmo,glm,gemma,internlm,chatglm}.py. Matrices have
the type of the checkpoint, BF16 or F16, vectors F32. What the files compute was compared with llama.cpp itself (test/llamaCpp).
"""

import json
import math
import pathlib

import gguf
import torch
from safetensors.torch import load_file

FAMILIES = pathlib.Path(__file__).parent / "fixtures" / "families"
ARCHITECTURES = {"mistral": "llama", "gemma3_text": "gemma3"}


def interleaved(rows: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of each head in the order of llama.cpp's rotary embedding: LlamaModel.permute."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def grouped(name: str, rows: torch.Tensor, config: dict) -> dict[str, torch.Tensor]:
    """InternLM2's wqkv taken apart: InternLM2Model.modify_tensors."""
    heads, key_heads = config["num_attention_heads"], config["num_key_value_heads"]
    group = heads // key_heads
    qkv = rows.reshape(key_heads, group + 2, -1, rows.shape[-1])
    q, k, v = (part.reshape(-1, rows.shape[-1]) for part in (qkv[:, :group], qkv[:, -2], qkv[:, -1]))
    own = {"q": interleaved(q, heads), "k": interleaved(k, key_heads), "v": v}
    return {f"blk.{name.split('.')[2]}.attn_{part}.weight": value for part, value in own.items()}


def tensors_of(config: dict, state: dict[str, torch.Tensor], arch: str) -> dict[str, torch.Tensor]:
    family = config["model_type"]
    layers = config.get("num_hidden_layers") or config["num_layers"]
    index = {name: value for value, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(index[arch], layers)
    result = {}
    for name, value in state.items():
        if name.endswith("inv_freq"):
            continue
        if name.endswith("wqkv.weight"):
            result |= grouped(name, value, config)
            continue
        if family in ("llama", "mistral") and name.split(".")[-2] in ("q_proj", "k_proj"):
            key = "num_attention_heads" if "q_proj" in name else "num_key_value_heads"
            value = interleaved(value, config[key])
        if family.startswith("gemma") and name.endswith("norm.weight"):
            value = value.float() + 1
        mapped = names.get_name(name.removeprefix("transformer."), try_suffixes=(".weight", ".bias"))
        assert mapped, name
        result[mapped] = value
    return result


def add_common(writer: gguf.GGUFWriter, config: dict) -> None:
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])


def add_keys(writer: gguf.GGUFWriter, config: dict) -> None:
    family = config["model_type"]
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    rope = config.get("rope_parameters") or {"rope_theta": config.get("rope_theta")}
    add_common(writer, config)
    if family in ("mistral", "glm4", "gemma2", "gemma3_text"):
        writer.add_key_length(head)
        writer.add_value_length(head)
    if family not in ("gemma2", "gemma3_text", "phi3"):
        writer.add_rope_dimension_count(int(head * rope.get("partial_rotary_factor", 1.0)))
    if family not in ("gemma2", "gemma3_text"):
        writer.add_rope_freq_base(rope["rope_theta"])
    if family == "mistral":
        writer.add_sliding_window(config["sliding_window"])
    if family == "phi3":
        writer.add_rope_dimension_count(int(rope.get("partial_rotary_factor", 1.0) * head))
        original = config.get("original_max_position_embeddings", 4096)
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_sliding_window(config["sliding_window"] or 0)
        if "long_factor" in rope:
            scale = config["max_position_embeddings"] / original
            writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(scale) / math.log(original)))
    if family == "gemma2":
        writer.add_rope_freq_base(rope["rope_theta"])
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
        writer.add_sliding_window(config["sliding_window"])
    if family == "gemma3_text":
        whole = rope["full_attention"]
        writer.add_rope_freq_base(whole["rope_theta"])
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(whole["factor"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
        writer.add_sliding_window(config["sliding_window"])
        writer.add_sliding_window_pattern(2)


def add_chatglm(writer: gguf.GGUFWriter, config: dict) -> None:
    common = {
        "max_position_embeddings": config["seq_length"],
        "num_hidden_layers": config["num_layers"],
        "intermediate_size": config["ffn_hidden_size"],
        "num_key_value_heads": config["multi_query_group_num"],
        "rms_norm_eps": config["layernorm_epsilon"],
    }
    add_common(writer, config | common)
    writer.add_key_length(config["kv_channels"])
    writer.add_value_length(config["kv_channels"])
    writer.add_rope_dimension_count(config["kv_channels"] // 2)
    writer.add_rope_freq_base(10000 * config.get("rope_ratio", 1))


def add_tokenizer(writer: gguf.GGUFWriter) -> None:
    """64 characters: llama.cpp wants a tokenizer, although the files are compared by ids."""
    tokens = [*(chr(code) for code in range(ord("A"), ord("A") + 62)), "Ċ", "Ġ"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens[:-1] + ["ab"])
    writer.add_token_types([gguf.TokenType.NORMAL] * 64)
    writer.add_token_merges(["a b"])


def write(case: str) -> None:
    folder = FAMILIES / case
    config = json.loads((folder / "model" / "config.json").read_text())
    state = load_file(folder / "model" / "model.safetensors")
    arch = ARCHITECTURES.get(config["model_type"], config["model_type"])
    writer = gguf.GGUFWriter(folder / "model.gguf", arch)
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_vocab_size(config.get("padded_vocab_size") or config["vocab_size"])
    add_tokenizer(writer)
    add_chatglm(writer, config) if arch == "chatglm" else add_keys(writer, config)
    rope = config.get("rope_parameters") or {}
    tensors = tensors_of(config, state, arch)
    for kind in ("long", "short"):
        if f"{kind}_factor" in rope:
            tensors[f"rope_factors_{kind}.weight"] = torch.tensor(rope[f"{kind}_factor"], dtype=torch.float32)
    for name, value in tensors.items():
        if value.ndim == 1:
            writer.add_tensor(name, value.float().numpy())
        elif value.dtype == torch.float16:
            writer.add_tensor(name, value.numpy())
        else:
            data = value.to(torch.bfloat16).contiguous().view(torch.uint16).numpy()
            writer.add_tensor(name, data.view("uint8"), raw_dtype=gguf.GGMLQuantizationType.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    for name in ("mistral", "phi3", "phi3-longrope", "olmo2", "glm4", "gemma2", "gemma3_text", "internlm2", "chatglm3"):
        write(name)
