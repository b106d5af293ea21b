#!/usr/bin/env python3
"""Loads model directories that Tunewright wrote with transformers, and prints what it makes of them, as JSON.

    python test/parity/check_exported.py INPUT.json

INPUT.json is {"texts": [...], "messages": [...], "directories": {DIRECTORY: token ids}}. Output: by directory, {"missing": [...],
"unexpected": [...], "class", "eos", "logits": [[...]], "text": null or {"ids": [[...]], "chat": [...]}}. Logits are computed in float32;
`missing` and `unexpected` must be empty when all is well. Nothing is taken from outside, and no code of a directory is run.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402


def text_of(directory: pathlib.Path, texts: list[str], messages: list) -> dict | None:
    if not (directory / "tokenizer_config.json").exists():
        return None
    tokenizer = AutoTokenizer.from_pretrained(directory)
    chat = tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"] if tokenizer.chat_template else None
    return {"ids": [tokenizer.encode(text, add_special_tokens=False) for text in texts], "chat": chat}


def checked(directory: pathlib.Path, ids: list[int], texts: list[str], messages: list) -> dict:
    options = dict(dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    model, info = AutoModelForCausalLM.from_pretrained(directory, **options)
    model.eval()
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    return {
        "missing": sorted(map(str, info["missing_keys"])),
        "unexpected": sorted(map(str, info["unexpected_keys"])),
        "class": type(model).__name__,
        "eos": model.generation_config.eos_token_id,
        "logits": logits.tolist(),
        "text": text_of(directory, texts, messages),
    }


def main() -> None:
    given = json.loads(pathlib.Path(sys.argv[1]).read_text())
    texts, messages = given["texts"], given["messages"]
    results = {name: checked(pathlib.Path(name), ids, texts, messages) for name, ids in given["directories"].items()}
    json.dump(results, sys.stdout)
    print()


if __name__ == "__main__":
    main()
