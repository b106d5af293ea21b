"""Trains vocabularies and writes texts, with the ids that sentencepiece and tiktoken give them: reference.py FOLDER"""

import base64
import glob
import importlib.util
import io
import json
import pathlib
import random
import sys
import time
import unicodedata

import sentencepiece
import tiktoken
from tiktoken._educational import bpe_train

ROOT = pathlib.Path(__file__).parents[2]
OUT = pathlib.Path(sys.argv[1])
random.seed(7)

FILES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("*.md"), *ROOT.glob("src/**/*.ts")])
LINES = [line for file in FILES for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]
CHINESE = [line for line in LINES if any("\u4e00" <= c <= "\u9fff" for c in line)]
ODD = "abc ABC 019 \t\n\r  \u3000\u200b\ufeff\u00a0e\u0301\u00e9\ufb01①½ｆ中文汉字漢字，。！？😀👩\u200d👩\u200d👧🇨🇳한글русскийΩ\u0000\u0007\u2028▁<>|_-=+*/{}[]()#\"'~"
RANGES = [(0x20, 0x3000), (0x3000, 0xD800), (0xE000, 0x11000), (0x1F000, 0x20000)]
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def make_texts():
    texts = random.sample(LINES, 6000) + CHINESE * 4
    texts += ["".join(random.choice(ODD) for _ in range(random.choice([3, 10, 60]))) for _ in range(4000)]
    texts += [random.randbytes(40).decode("utf-8", "replace") for _ in range(3000)]
    texts += ["".join(chr(random.randrange(*random.choice(RANGES))) for _ in range(20)) for _ in range(3000)]
    texts += ["".join(random.choice("#-=*ab <sep> 中") for _ in range(5000)) for _ in range(10)]
    joined = "\n".join(LINES)
    texts += [joined[at : at + 40_000] for at in range(0, 320_000, 40_000)]
    return texts


def train(name, **settings):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES + CHINESE * 3), model_writer=model, hard_vocab_limit=False, minloglevel=2,
        num_threads=1, **({"vocab_size": 3000} | settings),
    )
    (OUT / f"{name}.model").write_bytes(model.getvalue())


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    train("bpe", model_type="bpe", normalization_rule_name="identity", byte_fallback=True, split_digits=True,
          remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, control_symbols=["<ctl>"],
          user_defined_symbols=["<reserved_1>", "<|user|>", "ab", "abc", "\n\n"])
    train("bpe-nmt_nfkc", model_type="bpe", normalization_rule_name="nmt_nfkc", user_defined_symbols=["<sep>", "①"])
    train("unigram-nmt_nfkc", model_type="unigram", user_defined_symbols=["<sep>", "ab", "中"], control_symbols=["<ctl>"])
    train("unigram-nfkc_cf", model_type="unigram", normalization_rule_name="nfkc_cf", byte_fallback=True,
          add_dummy_prefix=False, remove_extra_whitespaces=False)
    train("unigram-suffix", model_type="unigram", treat_whitespace_as_suffix=True)
    shipped = pathlib.Path(importlib.util.find_spec("mistral_common").origin).parent / "data"
    for file in [*glob.glob(f"{shipped}/*.model.v3"), f"{shipped}/tokenizer.model.v1"]:
        name = pathlib.Path(file).name.replace(".model", "-")
        (OUT / f"mistral-{name}.model").write_bytes(pathlib.Path(file).read_bytes())
    texts = make_texts()
    (OUT / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    print(f"{len(texts)} texts, {sum(map(len, texts))} characters")
    for file in sorted(OUT.glob("*.model")):
        processor = sentencepiece.SentencePieceProcessor(model_file=str(file))
        start = time.process_time()
        ids = [processor.encode(text) for text in texts]
        seconds = time.process_time() - start
        decoded = [processor.decode(one) for one in ids]
        file.with_suffix(".json").write_text(json.dumps({"ids": ids, "decoded": decoded, "seconds": seconds}), encoding="utf-8")
    ranks = bpe_train("\n".join(LINES[:1500] + CHINESE), 1500, PATTERN, visualise=None)
    qwen = OUT / "qwen"
    qwen.mkdir(exist_ok=True)
    lines = [f"{base64.b64encode(token).decode()} {rank}" for token, rank in sorted(ranks.items(), key=lambda i: i[1])]
    (qwen / "qwen.tiktoken").write_text("\n".join(lines) + "\n", encoding="ascii")
    (qwen / "tokenizer_config.json").write_text('{"tokenizer_class": "QWenTokenizer"}', encoding="utf-8")
    encoding = tiktoken.Encoding("qwen", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
    start = time.process_time()
    ids = [encoding.encode_ordinary(unicodedata.normalize("NFC", text)) for text in texts]
    seconds = time.process_time() - start
    decoded = [encoding.decode(one, errors="replace") for one in ids]
    (qwen / "qwen.json").write_text(json.dumps({"ids": ids, "decoded": decoded, "seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main()
