#!/usr/bin/env python3
"""Optimizer steps of LoRA+ by PEFT's `create_loraplus_optimizer` (CPU, fp32): fixtures/optimizer/loraplus.{json,safetensors}.

    python test/parity/loraplus_fixtures.py

A module with a linear layer, a norm and an embedding, with an adapter that has every kind of parameter: "<name>.initial", and
"<name>.grad.<step>" and "<name>.after.<step>" by step, from 1; names are those of adapter files.
"""

import torch
from peft import LoraConfig, get_peft_model
from peft.optimizers import create_loraplus_optimizer

from fixture_common import folder, seed, versions, write_json, write_tensors

STEPS = 3
SETTINGS = dict(lr=1e-2, loraplus_lr_ratio=16.0, loraplus_lr_embedding=3e-3, loraplus_weight_decay=0.1)
ADAM = dict(betas=(0.9, 0.95), eps=1e-8)


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = torch.nn.Embedding(12, 8)
        self.q_proj = torch.nn.Linear(8, 6, bias=False)
        self.head = torch.nn.Linear(6, 5, bias=False)
        self.norm = torch.nn.LayerNorm(5, bias=False)


def make() -> None:
    out = folder("optimizer")
    generator = seed(71)
    settings = LoraConfig(
        r=2,
        target_modules=["embed_tokens", "q_proj"],
        modules_to_save=["norm", "head"],
        init_lora_weights=False,
    )
    biased = LoraConfig(r=2, target_modules=["q_proj"], lora_bias=True, init_lora_weights=False)
    tensors = {}
    for prefix, config in (("a.", settings), ("b.", biased)):
        model = get_peft_model(Tiny(), config)
        names = {
            name: prefix + name.removeprefix("base_model.model.").replace(".default", "").replace("modules_to_save.", "")
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }
        optimizer = create_loraplus_optimizer(model, torch.optim.AdamW, **SETTINGS, **ADAM)
        parameters = dict(model.named_parameters())
        for name, short in names.items():
            tensors[f"{short}.initial"] = parameters[name].detach().clone()
        for step in range(1, STEPS + 1):
            for name, short in names.items():
                parameters[name].grad = torch.randn(parameters[name].shape, generator=generator)
                tensors[f"{short}.grad.{step}"] = parameters[name].grad.clone()
            optimizer.step()
            for name, short in names.items():
                tensors[f"{short}.after.{step}"] = parameters[name].detach().clone()
    write_tensors(out / "loraplus.safetensors", tensors)
    write_json(out / "loraplus.json", {"versions": versions(), "settings": SETTINGS, "adam": ADAM, "steps": STEPS})


if __name__ == "__main__":
    make()
