"""Writes fixtures/config-flops.json: floating-point operations of a training step as PyTorch counts
them (torch.utils.flop_counter), and transformers' own total_flos, for tiny models: Llama, and mixtures of experts.

Run with an environment that has torch, transformers and peft: python test/parity/config-flops-fixtures.py
"""

import json
import pathlib

import peft
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForCausalLM

ATTENTION = {
    "llama": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "qwen3_moe": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "deepseek_v2": ["q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"],
}
MIXTURES = {
    "qwen3_moe": dict(num_experts=8, num_experts_per_tok=3, moe_intermediate_size=24, decoder_sparse_step=2),
    "deepseek_v2": dict(
        n_routed_experts=8,
        num_experts_per_tok=3,
        moe_intermediate_size=24,
        first_k_dense_replace=1,
        num_key_value_heads=4,
        q_lora_rank=20,
        kv_lora_rank=28,
        qk_nope_head_dim=12,
        qk_rope_head_dim=8,
        v_head_dim=14,
    ),
}


def case(tied, rank, length, family="llama", **keys):
    sizes = dict(
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        vocab_size=160,
    )
    config = AutoConfig.for_model(family, **(sizes | keys), tie_word_embeddings=tied)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", experts_implementation="eager")
    targets = ATTENTION[family] + ([] if family in MIXTURES else ["gate_proj", "up_proj", "down_proj"])
    if rank:
        model = peft.get_peft_model(model, peft.LoraConfig(r=rank, lora_alpha=16, target_modules=targets))
        # Gradients reach the first block's inputs, as with block recomputation.
        model.enable_input_require_grads()
    ids = torch.randint(0, 160, (1, length))
    with FlopCounterMode(display=False) as counter:
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
    # What Trainer.floating_point_ops computes for this batch.
    total_flos = 6 * ids.numel() * model.num_parameters(exclude_embeddings=True)
    return {
        "family": family,
        "targets": targets,
        "tied": tied,
        "rank": rank,
        "length": length,
        "counted": counter.get_total_flops(),
        "total_flos": total_flos,
        "config": {k: v for k, v in config.to_dict().items() if isinstance(v, int)},
    }


cases = [case(tied, rank, 40) for tied in (True, False) for rank in (0, 8)]
cases += [case(False, rank, 40, family, **keys) for family, keys in MIXTURES.items() for rank in (0, 8)]
out = pathlib.Path(__file__).parent / "fixtures" / "config-flops.json"
out.write_text(
    json.dumps({"torch": torch.__version__, "transformers": transformers.__version__, "cases": cases}, indent=1)
    + "\n"
)
