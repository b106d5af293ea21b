"""lm-evaluation-harness's HF backend as a side of bench/eval: loads a model once, then does one task for each line of stdin.

    python bench/eval/peer.py MODEL_DIR BENCHMARKS DTYPE BATCH THREADS

A line is {"task": …, "limit": … or null}; the answer is one line with the seconds of the model's own calls (encoding included,
making prompts and scores not), the scores, and what was answered to each question.
"""

import json
import os
import pathlib
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
os.environ.setdefault("TQDM_DISABLE", "1")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "test/parity"))

import torch
from lm_eval.models.huggingface import HFLM

from harness_local import evaluate, numbers_of, use_local_files

SHOTS = 5


def timed(model: HFLM) -> dict:
    """Adds up the seconds of the calls that answer."""
    spent = {"seconds": 0.0}

    def wrap(call):
        def wrapped(*args, **kwargs):
            started = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                spent["seconds"] += time.perf_counter() - started

        return wrapped

    model.loglikelihood = wrap(model.loglikelihood)
    model.generate_until = wrap(model.generate_until)
    return spent


def answer_of(sample: dict):
    """The likelihoods of all choices, or the text."""
    first = sample["resps"][0][0]
    return first if isinstance(first, str) else [float(one[0][0]) for one in sample["resps"]]


def main() -> None:
    directory, benchmarks, dtype, batch, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    use_local_files(benchmarks)
    model = HFLM(pretrained=directory, device="cpu", dtype=dtype, batch_size=int(batch))
    spent = timed(model)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print(json.dumps({"ready": True}), file=out, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        task = asked["task"]
        spent["seconds"] = 0.0
        evaluated = evaluate([task], num_fewshot=SHOTS, model=model, limit=asked["limit"], log_samples=True)
        samples = evaluated["samples"][task]
        first = samples[0]["filter"]
        answers = {sample["doc_id"]: answer_of(sample) for sample in samples if sample["filter"] == first}
        result = {
            "seconds": spent["seconds"],
            "scores": numbers_of(evaluated["results"][task]),
            "answers": [answers[number] for number in sorted(answers)],
        }
        print(json.dumps(result), file=out, flush=True)


if __name__ == "__main__":
    main()
