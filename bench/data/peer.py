"""The side of Hugging Face datasets and tokenizers, one question a process: prints one JSON object. Arguments: QUESTION SETTINGS."""

import json
import sys
import time

started = time.perf_counter()
question, settings = sys.argv[1], json.loads(sys.argv[2])


def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(settings["tokenizer"])


def encoder():
    template = tokenizer()

    def encode(rows):
        texts = template.apply_chat_template(rows["messages"], tokenize=False)
        return template(texts, add_special_tokens=False, truncation=True, max_length=settings["maxLength"])

    return encode


def load():
    from datasets import load_dataset

    return load_dataset("json", data_files=settings["file"], split="train", cache_dir=settings["cache"])


def first():
    """To the first batch, tokenised as it is asked for: what datasets does quickest."""
    rows = load().shuffle(seed=42).with_transform(encoder())
    batch = rows[: settings["batchSize"]]
    return {"seconds": time.perf_counter() - started, "rows": len(rows), "tokens": sum(map(len, batch["input_ids"]))}


def resume():
    rows = load().shuffle(seed=42).with_transform(encoder())
    at = settings["at"] * settings["batchSize"] % (len(rows) - settings["batchSize"])
    rows[at : at + settings["batchSize"]]
    return {"seconds": time.perf_counter() - started}


def feed():
    """Tokens a second of `map`, batched, with as many processes as the other side has threads."""
    rows = load()
    count = min(len(rows), settings["batches"] * settings["batchSize"])
    part = rows.select(range(count))
    begin = time.perf_counter()
    mapped = part.map(encoder(), batched=True, num_proc=settings["threads"], remove_columns=part.column_names)
    seconds = time.perf_counter() - begin
    tokens = sum(len(ids) for ids in mapped["input_ids"])
    return {"tokens": tokens, "seconds": seconds, "tokensPerSecond": tokens / seconds, "allRowsSeconds": seconds * len(rows) / count}


def tokenize():
    from tokenizers import Tokenizer

    native = Tokenizer.from_file(settings["tokenizer"] + "/tokenizer.json")
    with open(settings["texts"], encoding="utf-8") as file:
        texts = json.load(file)
    native.encode_batch(texts[:64], add_special_tokens=False)
    begin = time.perf_counter()
    tokens = 0
    for at in range(0, len(texts), 1000):
        tokens += sum(len(encoding.ids) for encoding in native.encode_batch(texts[at : at + 1000], add_special_tokens=False))
    seconds = time.perf_counter() - begin
    return {"tokens": tokens, "seconds": seconds, "tokensPerSecond": tokens / seconds}


print(json.dumps({"first": first, "resume": resume, "feed": feed, "tokenize": tokenize}[question]()))
