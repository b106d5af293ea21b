"""Logits of tiny random Llama checkpoints by transformers (fp32, eager attention), one per RoPE scaling.

Written to fixtures/model:
  untied/        a checkpoint as `save_pretrained` writes it (one file)
  tied-bias/     tied embeddings, attention_bias and mlp_bias, in several shards with an index
  cases.json     {"cases": [{name, weights: "untied"|"tied-bias", config, inputs: [{ids, logits, positions?}], rope}]}
                 `config` is a whole config.json; a case's checkpoint is that file beside the named weights
  logits.safetensors  "<case>.<length>" -> [length, vocab] float32
`rope.inv_freq` and `rope.attention_scaling` are what transformers computed for the longest input of the case.
Each input is run through a freshly built model, because `dynamic` RoPE keeps state between calls.
"""

import json
import shutil

import torch

from fixture_common import folder, random_ids, tiny_config, tiny_llama, write_json, write_tensors

BASE = {"rope_theta": 10000.0}

# name -> (weights, overrides of the configuration, lengths)
CASES = {
    "default": ("untied", {}, [1, 7, 40]),
    "tied-bias": ("tied-bias", {}, [1, 7, 40]),
    "theta-100000": ("untied", {"rope_parameters": {"rope_type": "default", "rope_theta": 100000.0}}, [40]),
    "linear": ("untied", {"rope_parameters": {"rope_type": "linear", "factor": 4.0, **BASE}}, [7, 40]),
    "dynamic": (
        "untied",
        {"max_position_embeddings": 16, "rope_parameters": {"rope_type": "dynamic", "factor": 3.0, **BASE}},
        [7, 16, 17, 40],
    ),
    "llama3": (
        "untied",
        {
            "rope_parameters": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 32,
                "rope_theta": 500.0,
            },
            "max_position_embeddings": 256,
        },
        [7, 40],
    ),
    "yarn": (
        "untied",
        {
            "rope_parameters": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, **BASE},
            "max_position_embeddings": 64,
        },
        [7, 40],
    ),
    "yarn-attention-factor": (
        "untied",
        {
            "rope_parameters": {
                "rope_type": "yarn",
                "factor": 4.0,
                "attention_factor": 0.8,
                "original_max_position_embeddings": 16,
                "beta_fast": 4.0,
                "beta_slow": 0.25,
                "truncate": False,
                **BASE,
            },
            "max_position_embeddings": 64,
        },
        [40],
    ),
    "yarn-mscale": (
        "untied",
        {
            "rope_parameters": {
                "rope_type": "yarn",
                "factor": 8.0,
                "mscale": 1.5,
                "mscale_all_dim": 0.7,
                "original_max_position_embeddings": 64,
                "beta_fast": 16,
                "beta_slow": 1,
                "rope_theta": 50.0,
            },
            "max_position_embeddings": 512,
        },
        [40],
    ),
}

# The same RoPE written the way checkpoints before transformers 5 write it: logits must equal the named case's.
OLD_FORM = {
    "linear": {"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 4.0}},
    "dynamic": {"rope_theta": 10000.0, "rope_scaling": {"type": "dynamic", "factor": 3.0}},
    "theta-100000": {"rope_theta": 100000.0, "rope_scaling": None},
    "llama3": {
        "rope_theta": 500.0,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32,
        },
    },
    "yarn": {
        "rope_theta": 10000.0,
        "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16},
    },
}


def saved_config(config) -> dict:
    return {**json.loads(config.to_json_string(use_diff=True)), "architectures": ["LlamaForCausalLM"], "dtype": "float32"}


def logits_of(config, state, ids):
    """Runs a model built afresh, so no RoPE state is left from another length."""
    model = tiny_llama(config, 0)
    model.load_state_dict(state)
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0], model.model.rotary_emb


def make() -> None:
    out = folder("model")
    states = {}
    for name, overrides, value in (
        ("untied", {}, 1),
        ("tied-bias", {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True}, 2),
    ):
        model = tiny_llama(tiny_config(**overrides), value)
        shutil.rmtree(out / name, ignore_errors=True)
        model.save_pretrained(out / name, max_shard_size="60KB" if name == "tied-bias" else "5GB")
        states[name] = (model.state_dict(), overrides)

    tensors, cases = {}, []
    reference = None
    for name, (weights, changes, lengths) in CASES.items():
        state, overrides = states[weights]
        inputs = []
        for length in lengths:
            ids = random_ids(length, 100 + length)
            config = tiny_config(**overrides, **json.loads(json.dumps(changes)))
            logits, rotary = logits_of(config, state, ids)
            tensors[f"{name}.{length}"] = logits
            inputs.append({"ids": ids, "logits": f"{name}.{length}"})
        if name == "default":
            reference = logits
        elif weights == "untied":
            # A scaling that changes nothing would test nothing.
            assert (logits - reference).abs().max() > 0.05, name
        entry = {
            "name": name,
            "weights": weights,
            "config": saved_config(config),
            "rope": {
                "inv_freq": [float(x) for x in rotary.inv_freq],
                "attention_scaling": float(rotary.attention_scaling),
                "for_length": lengths[-1],
            },
            "inputs": inputs,
        }
        cases.append(entry)
        if name in OLD_FORM:
            old = {k: v for k, v in entry["config"].items() if k != "rope_parameters"} | json.loads(json.dumps(OLD_FORM[name]))
            from transformers import LlamaConfig

            logits_old, _ = logits_of(LlamaConfig.from_dict(json.loads(json.dumps(old))), state, inputs[-1]["ids"])
            assert torch.equal(logits_old, logits), name
            cases.append({**entry, "name": name + "-old-form", "config": old, "inputs": inputs[-1:]})
    write_json(out / "cases.json", {"made_by": "test/parity/make_fixtures.py model", "cases": cases})
    write_tensors(out / "logits.safetensors", tensors)
