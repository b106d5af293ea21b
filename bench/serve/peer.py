"""transformers' generate as a side of bench/serve: loads a model once, then goes on with the prompts of each line of stdin.

    python bench/serve/peer.py MODEL_DIR float32|bfloat16 THREADS
"""

import json
import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from transformers import AutoModelForCausalLM


def main() -> None:
    directory, dtype, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=getattr(torch, dtype)).eval()
    model.generation_config.pad_token_id = 0
    model.generation_config.eos_token_id = None
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        ids = torch.tensor(request["prompts"])
        count = request["tokens"]
        started, before = time.perf_counter(), time.process_time()
        with torch.inference_mode():
            out = model.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=count
            )
        seconds, spent = time.perf_counter() - started, time.process_time() - before
        print(json.dumps({"seconds": seconds, "cpuSeconds": spent, "ids": out[:, ids.shape[1] :].tolist()}), flush=True)


main()
