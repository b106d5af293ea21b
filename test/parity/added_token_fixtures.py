"""Writes fixtures/text/added-tokens.json.gz: what transformers makes of the files that name a tokenizer's added and special tokens,
where they differ from one another.

Each case changes files of fixtures/text/tiny-bytelevel or tiny-sentencepiece and stores what it changed, the tokens that
`AutoTokenizer` then has, and the ids that it gives. Run with the reference environment (transformers 5.23):
    python test/parity/added_token_fixtures.py
"""

import json
import pathlib
import shutil
import tempfile

import transformers

from packed_json import write_packed

HERE = pathlib.Path(__file__).parent / "fixtures" / "text"
FLAGS = ["special", "single_word", "lstrip", "rstrip", "normalized"]
TEXTS = [
    "a <think> b</think>  <|user|>\n\n x<|user|>y <|end|> z",
    "<|begin|>x <x1> <x2>  <x3>\n<e\u0301> <é> the model",
    "word<think>word <x1>s  </s> <s>a <|im_end|>  b",
]


def entry(content: str, **flags) -> dict:
    return {"content": content, **{flag: flags.get(flag, False) for flag in FLAGS}}


def cases() -> dict[str, dict]:
    """Changes to files; `tokens` are put in place of tokenizer.json's of the same text, or behind them."""
    unsaid = lambda content, **flags: {k: v for k, v in entry(content, **flags).items() if k != "special"}
    typed = lambda content, **flags: {"__type": "AddedToken", **entry(content, **flags)}
    config = lambda **keys: {"tokenizer_config.json": keys}
    decoder = lambda *tokens, **keys: config(added_tokens_decoder={str(342 + i): t for i, t in enumerate(tokens)}, **keys)
    return {
        "as they are": {},
        "special in the configuration": decoder(entry("<think>", special=True)),
        "not special in the configuration": decoder(entry("<|eot_id|>"), entry("<|end|>")),
        "spaces on the right": decoder(entry("<|user|>", rstrip=True)),
        "spaces on the left, whole words": decoder(entry("<|user|>", lstrip=True), entry("<think>", single_word=True)),
        "found in normalized text": decoder(entry("<é>", normalized=True), entry("<x1>")),
        "flags left out": decoder({"content": "<x1>"}, {"content": "<x2>", "special": True}),
        "a number of another token": decoder(entry("<x1>", special=True)),
        "numbers far away, not in order": config(added_tokens_decoder={"901": entry("<x1>"), "900": entry("<x2>", special=True)}),
        "a word of the vocabulary": config(added_tokens_decoder={"900": entry("model", special=True)}),
        "a list that lacks most tokens": config(added_tokens_decoder={}),
        "an end token that is not special": decoder(entry("<think>"), eos_token="<think>"),
        "an end token that the list lacks": config(added_tokens_decoder={}, eos_token="<think>"),
        "a new end token": config(eos_token="<x1>"),
        "a new end token with flags": config(eos_token=typed("<x1>", lstrip=True)),
        "a padding token that is a word": config(pad_token="model"),
        "further special tokens": config(extra_special_tokens=["<think>", "<x1>"]),
        "further special tokens with flags": config(extra_special_tokens=[typed("<x1>", lstrip=True), typed("<x2>", special=True)]),
        "further special tokens by name": config(extra_special_tokens={"image_token": "<x1>", "audio_token": "<think>"}),
        "additional special tokens": config(additional_special_tokens=["<x1>", "<think>"]),
        "both lists": config(extra_special_tokens=["<x1>"], additional_special_tokens=["<x2>"]),
        "both lists, one empty": config(extra_special_tokens=[], additional_special_tokens=["<x2>"]),
        "names and a list": config(extra_special_tokens={"image_token": "<x1>"}, additional_special_tokens=["<x2>"]),
        "a name of its own": config(image_token="<x1>", add_bos_token=True, mask_token="<x2>"),
        "the older map": {
            "special_tokens_map.json": {
                "eos_token": "<|eot_id|>",
                "pad_token": unsaid("<x1>", lstrip=True),
                "bos_token": None,
                "image_token": "<x2>",
            }
        },
        "the older map beside a list": {
            **config(added_tokens_decoder={}),
            "special_tokens_map.json": {"eos_token": "<|eot_id|>", "pad_token": "<x1>"},
        },
        "further tokens of the older map": {"special_tokens_map.json": {"additional_special_tokens": ["<think>", "<x1>"]}},
        "further tokens of both": {
            **config(additional_special_tokens=["<x2>"]),
            "special_tokens_map.json": {"additional_special_tokens": ["<x1>"]},
        },
        "further tokens of both, newer key": {
            **config(extra_special_tokens=["<x2>"]),
            "special_tokens_map.json": {"extra_special_tokens": [unsaid("<x1>", lstrip=True), "<x3>"]},
        },
        "added_tokens.json": {"added_tokens.json": {"<x1>": 901, "<x2>": 900}},
        "added_tokens.json beside a list": {**config(added_tokens_decoder={}), "added_tokens.json": {"<x1>": 901}},
        "added_tokens.json of a known token": {"added_tokens.json": {"<think>": 1000}},
        "added_tokens.json of a special token": {**config(additional_special_tokens=["<x1>"]), "added_tokens.json": {"<x1>": 400, "<x2>": 399}},
        "gaps in tokenizer.json": {"tokens": [{**entry("<x1>"), "id": 700}], **config(extra_special_tokens=["<x2>"])},
        "flags in tokenizer.json": {"tokens": [{**entry("<|user|>", rstrip=True), "id": 339}]},
        "add_bos_token and add_eos_token": config(add_bos_token=True, add_eos_token=True),
    }


def main() -> None:
    result = []
    for base in ("tiny-bytelevel", "tiny-sentencepiece"):
        for name, changes in cases().items():
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                shutil.copytree(HERE / base, folder, dirs_exist_ok=True)
                for file, keys in changes.items():
                    if file == "tokens":
                        path = folder / "tokenizer.json"
                        content = json.loads(path.read_text(encoding="utf-8"))
                        listed = {token["content"]: token for token in content["added_tokens"]}
                        content["added_tokens"] = list({**listed, **{token["content"]: token for token in keys}}.values())
                    else:
                        path = folder / file
                        content = {**(json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}), **keys}
                    path.write_text(json.dumps(content), encoding="utf-8")
                tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            added = [[id, t.content, "".join(flag[1] for flag in FLAGS if getattr(t, flag))] for id, t in sorted(tokenizer.added_tokens_decoder.items())]
            ids = [tokenizer.encode(text) for text in TEXTS]
            result.append(
                {
                    "base": base,
                    "name": name,
                    "changes": changes,
                    "added": added,
                    "named": tokenizer.special_tokens_map,
                    "ids": ids,
                    "skipped": [tokenizer.decode(one, skip_special_tokens=True) for one in ids],
                }
            )
    text = json.dumps({"texts": TEXTS, "cases": result}, ensure_ascii=False).replace('{"base"', '\n{"base"')
    write_packed(HERE / "added-tokens.json.gz", text + "\n")


if __name__ == "__main__":
    main()
