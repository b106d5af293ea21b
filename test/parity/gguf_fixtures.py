#!/usr/bin/env python3
"""Makes test/parity/fixtures/gguf: values, their blocks by the Python package gguf, and errors of llama.cpp's quantizers.

    .tunewright/peers/bin/python test/parity/gguf_fixtures.py [FOLDER]

FOLDER has llama.cpp's libggml-base.so; by default it is that of node-llama-cpp, which the tests in test/llamaCpp
install. blocks.safetensors has the values of each set and, for Q4_0, Q5_0 and Q8_0, the bytes that gguf.quants makes of
them. errors.json has for Q4_K, Q5_K and Q6_K the root of the mean squared error of ggml_quantize_chunk, plain and weighted.
types.json.gz has the type of each tensor that llama.cpp's llama_model_quantize gives to small models.
"""

import ctypes
import json
import pathlib
import sys
import tempfile

import gguf
import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from safetensors.numpy import save_file

from packed_json import write_packed

HERE = pathlib.Path(__file__).parent
BINARIES = ".tunewright/llama-cpp/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64"
ROWS, WIDTH = 8, 256


def sets() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(20261130)
    shape = (ROWS, WIDTH)
    normal = draw.standard_normal(shape) * 0.02
    wide = draw.standard_normal(shape) * 2.0 ** draw.integers(-12, 8, (ROWS, 1))
    with_zeros = normal * (draw.random(shape) < 0.3)
    with_zeros[0] = 0
    with_zeros[1, :32] = 0.5
    with_zeros[2] = -0.25
    return {
        "normal": normal,
        "student": draw.standard_t(3, shape) * 0.02,
        "uniform": draw.uniform(-1, 1, shape),
        "shifted": normal + 0.03,
        "scales": wide,
        "zeros": with_zeros,
    }


def weights(values: np.ndarray, part: int) -> np.ndarray:
    parts = values.reshape(-1, part).astype(np.float64)
    return (np.sqrt((parts**2).mean(1, keepdims=True)) + abs(parts)).ravel()


def errors(library: ctypes.CDLL, values: np.ndarray, kind: GGMLQuantizationType) -> dict[str, float]:
    elements, size = GGML_QUANT_SIZES[kind]
    out = np.zeros(values.size // elements * size, np.uint8)
    library.ggml_quantize_chunk(int(kind), values.ctypes.data, out.ctypes.data, 0, ROWS, WIDTH, None)
    decoded = gguf.quants.dequantize(out.reshape(-1, size), kind).ravel().astype(np.float64)
    squares = (decoded - values.ravel()) ** 2
    w = weights(values, 16 if kind == GGMLQuantizationType.Q6_K else 32)
    return {"plain": float(np.sqrt(squares.mean())), "weighted": float(np.sqrt((w * squares).sum() / w.sum()))}


class Parameters(ctypes.Structure):
    """The beginning of llama_model_quantize_params; llama.cpp fills the rest."""

    _fields_ = [("threads", ctypes.c_int32), ("ftype", ctypes.c_int32), ("rest", ctypes.c_byte * 248)]


MODELS = {
    "untied": {"layers": 10, "width": 256, "heads": 4, "key_heads": 4, "tied": False},
    "tied": {"layers": 9, "width": 512, "heads": 4, "key_heads": 2, "tied": True},
    "odd": {"layers": 3, "width": 288, "heads": 4, "key_heads": 4, "tied": False},
    "odder": {"layers": 2, "width": 40, "heads": 4, "key_heads": 2, "tied": True},
    "70b": {"layers": 80, "width": 256, "heads": 8, "key_heads": 1, "tied": False},
}


def write_model(path: pathlib.Path, layers: int, width: int, heads: int, key_heads: int, tied: bool) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(layers)
    writer.add_context_length(64)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(256)
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_heads)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_tokenizer_model("no_vocab")
    writer.add_vocab_size(64)
    draw = np.random.default_rng(1)

    def add(name: str, *shape: int) -> None:
        kind = np.float32 if len(shape) == 1 else np.float16
        writer.add_tensor(f"{name}.weight", draw.standard_normal(shape).astype(kind))

    add("token_embd", 64, width)
    add("output_norm", width)
    if not tied:
        add("output", 64, width)
    keys = width * key_heads // heads
    for layer in range(layers):
        for norm in ("attn_norm", "ffn_norm"):
            add(f"blk.{layer}.{norm}", width)
        for name, rows in (("q", width), ("k", keys), ("v", keys), ("output", width)):
            add(f"blk.{layer}.attn_{name}", rows, width)
        add(f"blk.{layer}.ffn_gate", 256, width)
        add(f"blk.{layer}.ffn_up", 256, width)
        add(f"blk.{layer}.ffn_down", width, 256)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def chosen_types(folder: pathlib.Path) -> dict[str, object]:
    for name in ("libggml.v0.5.0.so", "libllama.v0.5.0.so"):
        library = ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL)
        if "ggml." in name:
            library.ggml_backend_load_all_from_path(str(folder).encode())
    library.llama_model_quantize_default_params.restype = Parameters
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as work:
        for title, shape in MODELS.items():
            source, target = pathlib.Path(work, "f16.gguf"), pathlib.Path(work, "out.gguf")
            write_model(source, **shape)
            types = {}
            for name, number in (("Q8_0", 7), ("Q4_0", 2), ("Q4_K_M", 15)):
                parameters = library.llama_model_quantize_default_params()
                parameters.ftype = number
                paths = [str(path).encode() for path in (source, target)]
                failed = library.llama_model_quantize(*paths, ctypes.byref(parameters))
                tensors = gguf.GGUFReader(target).tensors if failed == 0 else []
                # llama.cpp refuses a model with rows that Q8_0 and Q4_0 do not divide.
                types[name] = {tensor.name: tensor.tensor_type.name for tensor in tensors} or None
            found[title] = {**shape, "types": types}
    return found


def main() -> None:
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else BINARIES)
    library = ctypes.CDLL(str(folder / "libggml-base.so"))
    count, pointer = ctypes.c_int64, ctypes.c_void_p
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, pointer, pointer, count, count, count, pointer]
    tensors: dict[str, np.ndarray] = {}
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, values in sets().items():
        tensors[name] = values.astype(np.float32)
        for kind in (GGMLQuantizationType.Q4_0, GGMLQuantizationType.Q5_0, GGMLQuantizationType.Q8_0):
            tensors[f"{name}.{kind.name}"] = gguf.quants.quantize(tensors[name], kind).ravel()
        kinds = (GGMLQuantizationType.Q4_K, GGMLQuantizationType.Q5_K, GGMLQuantizationType.Q6_K)
        found[name] = {kind.name: errors(library, tensors[name], kind) for kind in kinds}
    out = HERE / "fixtures/gguf"
    out.mkdir(exist_ok=True)
    save_file(tensors, out / "blocks.safetensors")
    write_packed(out / "types.json.gz", json.dumps(chosen_types(folder)) + "\n")
    made_by = "test/parity/gguf_fixtures.py, gguf 0.19.0, llama.cpp of node-llama-cpp 3.22.1"
    (out / "errors.json").write_text(json.dumps({"made_by": made_by, "errors": found}, indent=1) + "\n")


main()
