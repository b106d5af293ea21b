#!/usr/bin/env python3
"""Makes test/parity/fixtures/gguf: values, their blocks by the Python package gguf, and errors of llama.cpp's quantizers.

    .tunewright/peers/bin/python test/parity/gguf_fixtures.py [FOLDER]

FOLDER has llama.cpp's libggml-base.so; by default it is that of node-llama-cpp, which the tests in test/llamaCpp
install. blocks.safetensors has the values of each set and, for Q4_0, Q5_0 and Q8_0, the bytes that gguf.quants makes of
them. errors.json has for Q4_K, Q5_K and Q6_K the root of the mean squared error of ggml_quantize_chunk, plain and weighted.
"""

import ctypes
import json
import pathlib
import sys

import gguf
import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from safetensors.numpy import save_file

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
    made_by = "test/parity/gguf_fixtures.py, gguf 0.19.0, llama.cpp of node-llama-cpp 3.22.1"
    (out / "errors.json").write_text(json.dumps({"made_by": made_by, "errors": found}, indent=1) + "\n")


main()
