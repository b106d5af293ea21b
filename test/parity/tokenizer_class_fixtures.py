"""Writes fixtures/tokenizers/: small vocabularies, and what the libraries make of texts with them.

    python -m venv /tmp/tokenizers
    /tmp/tokenizers/bin/pip install sentencepiece==0.2.3 tiktoken==0.14.0 transformers==4.46.3 protobuf
    /tmp/tokenizers/bin/python test/parity/tokenizer_class_fixtures.py

transformers 4.46 is the last one with tokenizers that are written in Python. Classes that models
bring in their own folders are written here after what they are known to do.
"""

import io
import json
import pathlib
import random
import tempfile

import sentencepiece
import tiktoken
from tiktoken._educational import bpe_train
from transformers import AddedToken, LlamaTokenizer, PreTrainedTokenizer
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from packed_json import write_packed

ROOT = pathlib.Path(__file__).parents[2]
HERE = pathlib.Path(__file__).parent / "fixtures" / "tokenizers"
random.seed(5)

CORPUS = [
    line
    for file in sorted((ROOT / "docs").glob("*.md"))[:12]
    for line in file.read_text(encoding="utf-8").split("\n")
    if line.strip()
]
CHINESE = [line for line in (ROOT / "README.zh-CN.md").read_text(encoding="utf-8").split("\n") if line.strip()]

ODD = "abc ABC 019 \t\n\r  　\u200b\ufeff\u00a0é é ﬁ①½ｆ中文汉字漢字，。！？😀👩‍👩‍👧🇨🇳한글русскийΩ\u0000\u0007\u2028▁<>|_-=+*/{}[]()#\"'~"

TEXTS = [
    "",
    " ",
    "  ",
    "Hello, world!",
    "  two spaces, then  12 and\n\n  345  ",
    "你好，世界！今天是2024年。",
    "▁x ▁ y▁",
    "<s>a</s> b<unk><0x41> <ctl><pad>x",
    "<reserved_1>你好<|user|> abcabab <sep> ab①中中",
    "<|im_start|>user\n x <|im_end|>\n<|im_end|> a<word>b <word> c [gMASK]sop<|user|>\n hi",
    "\n\n\n\nabc",
    "e\u0301 \u00e9 ﬁ ligature ①½ ｆｕｌｌ ＡＢＣ",
    "a" * 70,
    "=" * 33 + " " * 21 + "x",
    "ababababaabbabcabc",
    "\u0000\u0007",
    "👩‍👩‍👧 emoji😀😀",
    "def f(x):\n    return x + 1  # 100%\n",
] + ["".join(random.choice(ODD) for _ in range(size)) for size in (4, 9, 16, 30) for _ in range(6)] + [
    bytes(random.randrange(256) for _ in range(24)).decode("utf-8", "replace") for _ in range(6)
] + [line[:90] for line in random.sample(CORPUS, 5) + random.sample(CHINESE, 5)]

# A normaliser of its own, small: single characters, several to one, one to none, one to several, spaces.
RULES = "\n".join(
    "\t".join(" ".join(f"{ord(c):X}" for c in text) for text in pair)
    for pair in [
        *((chr(0xFF01 + n), chr(0x21 + n)) for n in range(94)),
        ("e\u0301", "\u00e9"), ("\ufb01", "fi"), ("①", "1"), ("½", "1/2"), ("\u200b", ""), ("\ufeff", ""), ("\u00a0", " "),
        ("\u3000", " "), ("\t", " "), ("\n", " "), ("\r", " "), ("\r\n", " "), ("漢", "汉"), ("A", "a"), ("ABC", "xyz"),
        ("👩\u200d👩", "two"), ("Ω", "o m"),
    ]
)


def train(name, **settings):
    with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as rules:
        rules.write(RULES)
        rules.flush()
        if settings.pop("own_rules", False):
            settings["normalization_rule_tsv"] = rules.name
        else:
            settings["normalization_rule_name"] = "identity"
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS + CHINESE * 2), model_writer=model, hard_vocab_limit=False,
            num_threads=1, minloglevel=2, **settings,
        )
    (HERE / name).write_bytes(model.getvalue())


def spoil_scores(name, unused):
    """Marks some pieces as unused, as a vocabulary that was made smaller has them."""
    from sentencepiece import sentencepiece_model_pb2 as proto

    model = proto.ModelProto.FromString((HERE / name).read_bytes())
    for piece in model.pieces:
        if piece.piece in unused:
            piece.type = 5
    (HERE / name).write_bytes(model.SerializeToString())


class PieceTokenizer(PreTrainedTokenizer):
    """A class around a SentencePiece model, as Baichuan's, InternLM2's and ChatGLM's are."""

    vocab_files_names = {"vocab_file": "tokenizer.model"}
    default_bos = True

    def __init__(self, vocab_file, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token=None,
                 add_bos_token=None, add_eos_token=False, **kwargs):
        self.sp_model = sentencepiece.SentencePieceProcessor(model_file=vocab_file)
        self.add_bos_token = self.default_bos if add_bos_token is None else add_bos_token
        self.add_eos_token = add_eos_token
        super().__init__(unk_token=unk_token, bos_token=bos_token, eos_token=eos_token, pad_token=pad_token, **kwargs)

    @property
    def vocab_size(self):
        return self.sp_model.get_piece_size()

    def get_vocab(self):
        return {self.convert_ids_to_tokens(i): i for i in range(self.vocab_size)} | self.added_tokens_encoder

    def _tokenize(self, text):
        return self.sp_model.encode(text, out_type=str)

    def _convert_token_to_id(self, token):
        return self.sp_model.piece_to_id(token)

    def _convert_id_to_token(self, index):
        return self.sp_model.id_to_piece(index)

    def build_inputs_with_special_tokens(self, ids, other=None):
        before = [self.bos_token_id] if self.add_bos_token else []
        return before + ids + ([self.eos_token_id] if self.add_eos_token else [])


class ChatGLM(PieceTokenizer):
    further = ["[MASK]", "[gMASK]", "[sMASK]", "sop", "eop", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"]

    def __init__(self, vocab_file, **kwargs):
        super().__init__(vocab_file, bos_token=None, pad_token="<unk>", **kwargs)

    @property
    def vocab_size(self):
        return self.sp_model.get_piece_size() + len(self.further)

    def _convert_token_to_id(self, token):
        if token in self.further:
            return self.sp_model.get_piece_size() + self.further.index(token)
        return super()._convert_token_to_id(token)

    def _convert_id_to_token(self, index):
        size = self.sp_model.get_piece_size()
        return self.further[index - size] if index >= size else super()._convert_id_to_token(index)

    def build_inputs_with_special_tokens(self, ids, other=None):
        return [self._convert_token_to_id("[gMASK]"), self._convert_token_to_id("sop")] + ids


def plain_cases(name):
    processor = sentencepiece.SentencePieceProcessor(model_file=str(HERE / name))
    texts = []
    for text in TEXTS:
        ids = processor.encode(text)
        texts.append({"text": text, "ids": ids, "decoded": processor.decode(ids)})
    return {"model": name, "unknown": processor.id_to_piece(processor.unk_id()), "texts": texts}


def class_cases(title, cls, model, files):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "tokenizer.model").write_bytes((HERE / model).read_bytes())
        for name, value in files.items():
            (path / name).write_text(json.dumps(value), encoding="utf-8")
        tokenizer = cls.from_pretrained(folder)
        texts = [
            {"text": text, "ids": tokenizer.encode(text, add_special_tokens=False), "special": tokenizer.encode(text)}
            for text in TEXTS
        ]
        ids = {token: tokenizer.convert_tokens_to_ids(token) for token in tokenizer.get_added_vocab()}
        assert isinstance(tokenizer, PreTrainedTokenizerBase)
        return {"title": title, "model": model, "files": files, "added": ids, "texts": texts}


def flags(content, **more):
    base = {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    return base | {"special": True} | more


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    train("bpe.model", model_type="bpe", vocab_size=900, byte_fallback=True, remove_extra_whitespaces=False,
          split_digits=True, allow_whitespace_only_pieces=True, control_symbols=["<ctl>"],
          user_defined_symbols=["<reserved_1>", "<|user|>", "ab", "abc", "\n\n"])
    train("bpe-rules.model", model_type="bpe", vocab_size=700, own_rules=True, user_defined_symbols=["<sep>", "①"])
    spoil_scores("bpe-rules.model", {"the", "▁the", "is", "▁to"})
    train("unigram.model", model_type="unigram", vocab_size=700, own_rules=True,
          user_defined_symbols=["<sep>", "ab", "中"], control_symbols=["<ctl>"])
    train("unigram-bytes.model", model_type="unigram", vocab_size=900, byte_fallback=True, add_dummy_prefix=False,
          remove_extra_whitespaces=False)
    train("suffix.model", model_type="unigram", vocab_size=700, treat_whitespace_as_suffix=True)

    plain = [plain_cases(file.name) for file in sorted(HERE.glob("*.model"))]
    bpe = "bpe.model"
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    tokens = {key: {"__type": "AddedToken", **flags(text)} for key, text in names.items()}
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(HERE / bpe)).get_piece_size()
    decoder = {
        "0": flags("<unk>"), "1": flags("<s>"), "2": flags("</s>"),
        str(pieces - 3): flags("<|im_start|>", rstrip=True), str(pieces - 2): flags("<|im_end|>", lstrip=True),
        str(pieces + 4): flags("<word>", single_word=True, special=False),
    }
    classes = [
        class_cases("Baichuan", PieceTokenizer, bpe, {
            "tokenizer_config.json": {
                "tokenizer_class": "BaichuanTokenizer", "add_bos_token": False, "add_eos_token": False,
                "auto_map": {"AutoTokenizer": ["tokenization_baichuan.BaichuanTokenizer", None]},
                **tokens,
            },
            "special_tokens_map.json": {"pad_token": flags("<unk>", single_word=True)},
            "added_tokens.json": {"<pad>": pieces},
        }),
        class_cases("InternLM2", PieceTokenizer, bpe, {
            "tokenizer_config.json": {
                "tokenizer_class": "InternLM2Tokenizer", "added_tokens_decoder": decoder,
                "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
            },
        }),
        class_cases("Llama", LlamaTokenizer, bpe, {
            "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "add_eos_token": True, **tokens},
            "special_tokens_map.json": {"pad_token": "<pad>", "additional_special_tokens": ["<|im_end|>"]},
        }),
        class_cases("Llama, not legacy", LlamaTokenizer, bpe, {
            "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "legacy": False, "added_tokens_decoder": decoder},
        }),
        class_cases("Llama, not legacy, without a space", LlamaTokenizer, bpe, {
            "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "legacy": False, "add_prefix_space": False, **tokens},
        }),
        class_cases("ChatGLM", ChatGLM, "unigram-bytes.model", {
            "tokenizer_config.json": {"tokenizer_class": "ChatGLMTokenizer"},
        }),
    ]
    for title, cases in {"plain": plain, "classes": classes}.items():
        text = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
        write_packed(HERE / f"sentencepiece-{title}.json.gz", f"[{text}]\n")

    pattern = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
               r"|\s*[\r\n]+|\s+(?!\S)|\s+")
    ranks = bpe_train("\n".join(CORPUS[:200] + CHINESE[:40]), 500, pattern, visualise=None)
    with open(HERE / "qwen.tiktoken", "w", encoding="ascii") as file:
        import base64
        for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
            file.write(f"{base64.b64encode(token).decode()} {rank}\n")
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|extra_{n}|>" for n in range(205))]
    encoding = tiktoken.Encoding(
        "qwen", pat_str=pattern, mergeable_ranks=ranks,
        special_tokens={token: len(ranks) + n for n, token in enumerate(special)},
    )
    import unicodedata
    texts = []
    for text in [*TEXTS, "<|endoftext|>a<|extra_204|><|extra_205|>"]:
        ids = encoding.encode(unicodedata.normalize("NFC", text), allowed_special="all")
        texts.append({"text": text, "ids": ids, "decoded": encoding.decode(ids, errors="replace")})
    (HERE / "tiktoken.json").write_text(json.dumps({"texts": texts}, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
