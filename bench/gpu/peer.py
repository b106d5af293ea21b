#!/usr/bin/env python3
"""transformers + PEFT on the work that bench/gpu/first.mjs gives: a plain loop in the way of their documents.

    python bench/gpu/peer.py SPEC.json

SPEC is a list of runs, each {"name", "model", "rows", "batch", "steps", "warmup", "mode": "lora" | "full", "dtype",
"adapter": DIR | null, "lora": {…}, "learning_rate", "max_grad_norm", "checkpointing", "device"}; `rows` is a JSON file
with a list of {"input_ids", "labels"} in the order in which they are consumed, again from the front where they end.
LoRA starts from the adapter in `adapter` where one is given. Full fine-tuning keeps float32 weights and computes in
`dtype` by autocast; LoRA keeps the base in `dtype` and the adapter in float32, which is what PEFT does by itself.
Prints one JSON object a run: {"name", "losses", "seconds", "tokens_per_second", "peak_device_bytes", "cuda_calls"}.
"""

import ctypes
import json
import os
import sys
import time
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
warnings.filterwarnings("ignore")

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM


def cuda_calls() -> dict | None:
    """Calls into CUDA's runtime so far, where bench/gpu/cudaCounters.c is preloaded."""

    class Counter(ctypes.Structure):
        _fields_ = [("name", ctypes.c_char_p), ("calls", ctypes.c_ulonglong)]

    try:
        read = ctypes.CDLL(None).tunewright_cuda_counters
    except AttributeError:
        return None
    read.restype = ctypes.POINTER(Counter)
    counters, calls, index = read(), {}, 0
    while counters[index].name:
        calls[counters[index].name.decode()] = counters[index].calls
        index += 1
    return calls


def load(spec: dict):
    dtype = getattr(torch, spec["dtype"])
    full = spec["mode"] == "full"
    model = AutoModelForCausalLM.from_pretrained(
        spec["model"], dtype=torch.float32 if full else dtype, attn_implementation="sdpa"
    ).to(spec["device"])
    model.config.use_cache = False
    if not full:
        if spec.get("adapter"):
            model = PeftModel.from_pretrained(model, spec["adapter"], is_trainable=True)
        else:
            model = get_peft_model(model, LoraConfig(bias="none", task_type="CAUSAL_LM", **spec["lora"]))
    if spec["checkpointing"]:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    model.train()
    return model, dtype


def batches(spec: dict):
    """Right-padded batches, on the device already: moving them is not what is measured."""
    with open(spec["rows"]) as file:
        rows = json.load(file)
    for step in range(spec["steps"]):
        chosen = [rows[(step * spec["batch"] + i) % len(rows)] for i in range(spec["batch"])]
        longest = max(len(row["input_ids"]) for row in chosen)
        pad = lambda row, key, value: row[key] + [value] * (longest - len(row[key]))
        ids = torch.tensor([pad(row, "input_ids", 0) for row in chosen])
        labels = torch.tensor([pad(row, "labels", -100) for row in chosen])
        # Ours never learns the first token of a row; transformers shifts, so it does not either.
        mask = torch.tensor([[1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])) for row in chosen])
        whole = bool(mask.all())
        yield {
            "input_ids": ids.to(spec["device"]),
            "labels": labels.to(spec["device"]),
            "attention_mask": None if whole else mask.to(spec["device"]),
        }, sum(len(row["input_ids"]) for row in chosen)


def run(spec: dict) -> dict:
    on_gpu = spec["device"].startswith("cuda")
    wait = torch.cuda.synchronize if on_gpu else lambda: None
    torch.manual_seed(1)
    loading = time.perf_counter()
    model, dtype = load(spec)
    wait()
    loading = time.perf_counter() - loading
    parameters = [p for p in model.parameters() if p.requires_grad]
    decayed = {"lr": spec["learning_rate"], "weight_decay": 0.0, "fused": True}
    optimizer = torch.optim.AdamW(parameters, **decayed)
    cast = torch.autocast(spec["device"].split(":")[0], dtype=dtype, enabled=spec["mode"] == "full" and dtype != torch.float32)
    losses, tokens, calls, started = [], 0, None, time.perf_counter()
    for step, (batch, count) in enumerate(batches(spec)):
        if step == spec["warmup"]:
            wait()
            if on_gpu:
                torch.cuda.reset_peak_memory_stats()
            calls, tokens, started = cuda_calls(), 0, time.perf_counter()
        with cast:
            loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, spec["max_grad_norm"])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.detach())
        tokens += count
    wait()
    seconds = time.perf_counter() - started
    after = cuda_calls()
    steps = spec["steps"] - spec["warmup"]
    return {
        "name": spec["name"],
        "losses": [value.item() for value in losses],
        "load_seconds": loading,
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "peak_device_bytes": torch.cuda.max_memory_allocated() if on_gpu else None,
        "cuda_calls_per_step": None if after is None else {name: (after[name] - calls[name]) / steps for name in after},
        "trainable_parameters": sum(p.numel() for p in parameters),
    }


def main() -> None:
    with open(sys.argv[1]) as file:
        specs = json.load(file)
    for spec in specs:
        print(json.dumps(run(spec)), flush=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
