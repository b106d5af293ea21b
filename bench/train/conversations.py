"""Conversations of MOSS's hub format as token ids and labels, made with transformers' tokenizer and chat template.

Only the human's and the assistant's texts are kept; `meta_instruction` and empty tool fields are dropped. Labels are the
ids of each assistant turn with the end token that closes it; everything else is -100. Nothing here comes from
Tunewright, so equal rows on both sides say something.
"""

import json
import pathlib
import re


def unwrap(text: str, opening: str, closing: str) -> str:
    pattern = rf"\s*<\|{re.escape(opening)}\|>:(.*?)(?:<{closing}>)?\s*"
    match = re.fullmatch(pattern, text, re.DOTALL)
    return (match[1] if match else text).strip()


def read_messages(file: pathlib.Path, count: int) -> list[list[dict]]:
    rows = []
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if len(rows) == count:
                break
            chat = json.loads(line)["chat"]
            messages = []
            for turn in sorted(chat, key=lambda name: int(name.removeprefix("turn_"))):
                messages.append({"role": "user", "content": unwrap(chat[turn]["Human"], "Human", "eoh")})
                messages.append({"role": "assistant", "content": unwrap(chat[turn]["MOSS"], "MOSS", "eom")})
            rows.append(messages)
    return rows


def encode(tokenizer, messages: list[dict], max_length: int, end: str = "<|im_end|>") -> dict:
    def render(upto: int, opened: bool) -> str:
        return tokenizer.apply_chat_template(messages[:upto], tokenize=False, add_generation_prompt=opened)

    whole = render(len(messages), False)
    spans = []
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        start = len(render(index, True))
        finish = len(render(index + 1, False))
        spans.append((start, whole.rindex(end, start, finish) + len(end)))
    encoding = tokenizer(whole, return_offsets_mapping=True, add_special_tokens=False)
    ids = encoding["input_ids"][:max_length]
    starts = [offset[0] for offset in encoding["offset_mapping"][:max_length]]
    labels = [
        token if any(start <= at < finish for start, finish in spans) else -100 for token, at in zip(ids, starts)
    ]
    return {"input_ids": ids, "labels": labels}
