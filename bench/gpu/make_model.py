#!/usr/bin/env python3
"""Writes a Llama-shaped model with random weights and a tokenizer of bytes, fast: for measuring, not for use.

    python bench/gpu/make_model.py DIR --config '{"hidden_size": 64, …}' --dtype bfloat16 --device cuda:0

Weights are normal with a deviation of 0.02 (norms: 1), made on the device and written tensor by tensor to
DIR/model.safetensors, so that 7 billion of them take the time of the disk. Prints one JSON object.
"""

import argparse
import json
import pathlib
import struct
import time

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

NAMES = {torch.bfloat16: "BF16", torch.float16: "F16", torch.float32: "F32"}

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def write_tokenizer(folder: pathlib.Path) -> None:
    """One token a byte, and the three of ChatML."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocabulary = {token: index for index, token in enumerate(special)}
    for character in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[character] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHAT_TEMPLATE
    )
    fast.save_pretrained(folder)


def write_weights(file: pathlib.Path, config: LlamaConfig, dtype: torch.dtype, device: str) -> int:
    """A safetensors file: length of the header, header, tensors one after the other."""
    with torch.device("meta"):
        shapes = {name: list(parameter.shape) for name, parameter in LlamaForCausalLM(config).named_parameters()}
    header, end = {"__metadata__": {"format": "pt"}}, 0
    width = torch.finfo(dtype).bits // 8
    for name, shape in shapes.items():
        begin, end = end, end + width * int(torch.tensor(shape).prod())
        header[name] = {"dtype": NAMES[dtype], "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    torch.manual_seed(1)
    with open(file, "wb", buffering=0) as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes.items():
            values = torch.empty(shape, dtype=dtype, device=device)
            values.fill_(1) if name.endswith("norm.weight") else values.normal_(0, 0.02)
            view = memoryview(values.cpu().view(torch.uint8).numpy()).cast("B")
            while len(view) > 0:
                view = view[out.write(view[: 1 << 30]) :]
    return end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--config", type=json.loads, required=True)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    started = time.perf_counter()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(arguments.folder)
    config = LlamaConfig(**arguments.config, bos_token_id=None, eos_token_id=2, pad_token_id=0)
    config.architectures = ["LlamaForCausalLM"]
    config.dtype = arguments.dtype
    config.save_pretrained(arguments.folder)
    size = write_weights(
        arguments.folder / "model.safetensors", config, getattr(torch, arguments.dtype), arguments.device
    )
    print(json.dumps({"bytes": size, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
