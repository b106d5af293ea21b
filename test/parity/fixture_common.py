"""What every fixture topic shares: seeds, the tiny Llama, writing tensors and JSON, versions."""

import importlib.metadata
import json
import pathlib
import platform

import torch
from safetensors.torch import save_file

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
PACKAGES = ("torch", "transformers", "peft", "trl", "bitsandbytes", "tokenizers", "gguf", "accelerate", "numpy")


def seed(value: int) -> torch.Generator:
    """Seeds torch globally and returns a generator of its own for tensors that a fixture draws."""
    torch.manual_seed(value)
    return torch.Generator().manual_seed(value)


def folder(topic: str) -> pathlib.Path:
    path = FIXTURES / topic
    path.mkdir(parents=True, exist_ok=True)
    return path


def versions() -> dict:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    found["python"] = platform.python_version()
    found["cpu_capability"] = torch.backends.cpu.get_cpu_capability()
    return found


def write_json(path: pathlib.Path, value: dict, indent: int | None = 1) -> None:
    """Writes JSON with floats at full precision; lists of numbers stay on one line to keep files small."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if indent is not None:
        text = _join_number_lists(text)
    path.write_text(text + "\n", encoding="utf-8")


def _join_number_lists(text: str) -> str:
    import re

    return re.sub(r"\[\s+(-?[\d.eE+\-]+(?:,\s+-?[\d.eE+\-]+)*)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text)


def write_tensors(path: pathlib.Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, str(path))
    path.chmod(0o644)


def tiny_config(**overrides):
    """A Llama small enough for a repository: 2 layers, grouped-query attention, head_dim not hidden/heads."""
    from transformers import LlamaConfig

    values = dict(
        vocab_size=128,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=64,
        rms_norm_eps=1e-5,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
        tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )
    values.update(overrides)
    return LlamaConfig(**values)


def tiny_llama(config, value: int):
    """Random weights large enough that attention is far from uniform and logits far from zero."""
    from transformers import LlamaForCausalLM

    generator = seed(value)
    model = LlamaForCausalLM._from_config(config, attn_implementation="eager", dtype=torch.float32)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                parameter.copy_(1 + 0.2 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.3 * noise)
            elif "embed_tokens" in name:
                parameter.copy_(noise)
            else:
                parameter.copy_(noise * 1.5 / parameter.shape[1] ** 0.5)
    return model.eval()


def random_ids(length: int, value: int, vocab: int = 128) -> list[int]:
    return torch.randint(3, vocab, (length,), generator=seed(value)).tolist()
