"""Writes fixtures/config-flops.json: floating-point operations of a training step as PyTorch counts
them (torch.utils.flop_counter), and transformers' own total_flos, for tiny Llama models.

Run with an environment that has torch, transformers and peft: python test/parity/config-flops-fixtures.py
"""

import json
import pathlib

import peft
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def case(tied, rank, length):
    config = LlamaConfig(
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        vocab_size=160,
        tie_word_embeddings=tied,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config)
    if rank:
        model = peft.get_peft_model(
            model, peft.LoraConfig(r=rank, lora_alpha=16, target_modules=TARGETS)
        )
        # Gradients reach the first block's inputs, as with block recomputation.
        model.enable_input_require_grads()
    ids = torch.randint(0, 160, (1, length))
    with FlopCounterMode(display=False) as counter:
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
    # What Trainer.floating_point_ops computes for this batch.
    total_flos = 6 * ids.numel() * model.num_parameters(exclude_embeddings=True)
    return {
        "tied": tied,
        "rank": rank,
        "length": length,
        "counted": counter.get_total_flops(),
        "total_flos": total_flos,
        "config": {k: v for k, v in config.to_dict().items() if isinstance(v, int)},
    }


cases = [case(tied, rank, 40) for tied in (True, False) for rank in (0, 8)]
out = pathlib.Path(__file__).parent / "fixtures" / "config-flops.json"
out.write_text(
    json.dumps({"torch": torch.__version__, "transformers": transformers.__version__, "cases": cases}, indent=1)
    + "\n"
)
