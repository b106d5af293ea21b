"""What lm-evaluation-harness 0.4.13's HFLM makes of requests for text, with the built-in model in fp32, one in a batch.

    ./tunewright export --model builtin:smollm2-135m --to safetensors --out DIR
    python test/parity/fixture_generate_until.py DIR

Written to fixtures/generation/generate_until.json: {"cases": [{context, until, maxNewTokens, answer}], "cut": [...],
"max_length"}; the model of "cut" has so few positions that the beginnings of prompts are cut.
The environment is that of bench/peers/setup.sh, with lm_eval.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

OUT = pathlib.Path(__file__).parent / "fixtures/generation/generate_until.json"
MAX_LENGTH = 64

COUNTING = "Q: Count from one to five.\nA: one, two, three, four, five\n\nQ: Count from two to six.\nA:"
CHAT = "<|im_start|>user\nSay hello in French.<|im_end|>\n<|im_start|>assistant\n"
LONG = " ".join(f"Line {i}: the cat sat on mat {i}." for i in range(12)) + " Line 12:"

CASES = [
    (COUNTING, ["\n\n"], 24),
    (COUNTING, ["Q:", "</s>", "<|im_end|>"], 24),
    # What stands before the first text is searched for the second.
    (COUNTING, ["ree", "thr"], 24),
    (COUNTING, [" four, f"], 24),
    (COUNTING, ["never met"], 3),
    ("The capital of France is", [".", "\n"], 20),
    ("1 + 1 = 2\n2 + 2 = 4\n3 + 3 =", ["\n"], 8),
    ("def add(a, b):\n", ["\ndef", "\nclass", "\nif", "\n#", "\nprint"], 40),
    ("今天天气", ["。", "!"], 24),
    ("Emoji: 🙂🙂🙂🙂", ["\n"], 12),
    (CHAT, [], 40),
    (CHAT, ["!"], 40),
]
CUT = [(LONG, ["."], 16), (LONG, ["\n"], 60)]


def answers(model: HFLM, cases: list[tuple]) -> list[dict]:
    asked = [
        Instance("generate_until", {}, (context, {"until": list(until), "max_gen_toks": most, "do_sample": False}), i)
        for i, (context, until, most) in enumerate(cases)
    ]
    given = model.generate_until(asked, disable_tqdm=True)
    return [
        {"context": context, "until": until, "maxNewTokens": most, "answer": answer}
        for (context, until, most), answer in zip(cases, given, strict=True)
    ]


def main() -> None:
    torch.set_num_threads(1)

    def model(**options) -> HFLM:
        return HFLM(pretrained=sys.argv[1], dtype="float32", device="cpu", batch_size=1, **options)

    made = {"cases": answers(model(), CASES), "cut": answers(model(max_length=MAX_LENGTH), CUT), "max_length": MAX_LENGTH}
    OUT.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
