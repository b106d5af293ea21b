"""NF4 with double quantization by bitsandbytes on the CPU.

Written to fixtures/nf4:
  cases.json                 {"cases": [{name, shape, dtype, blocks, sha256: {field: hex}}]}
  <name>.safetensors         input, packed [(n+1)/2] uint8, qabsmax [blocks] uint8, nested_absmax [ceil(blocks/256)] f32,
                             offset [1] f32, absmax [blocks] f32 (before double quantization),
                             absmax_restored [blocks] f32, dequantized_fp32, dequantized_bf16
                             (the largest case keeps only the hashes of its dequantized values, to stay small)
  maps.safetensors           nf4 [16], dynamic_map_signed [256], dynamic_map_unsigned [256]

Which code runs on a CPU, in bitsandbytes 0.50.2:
  quantize_4bit         torch operators (backends/default/ops.py): block maxima, scale by the reciprocal of the maximum
                        (the last, short block is divided instead), bucketize against the midpoints of the code
                        (a tie takes the lower code), first value in the high nibble. The library has no C function for it.
  quantize_blockwise    of the block maxima less their mean: C ABI cquantize_blockwise_cpu_fp32(code, A, absmax, out, 256, n)
  dequantize_blockwise  C ABI cdequantize_blockwise_cpu_fp32(code, A, absmax, out, 256, n), then the mean is added
  dequantize_4bit       C ABI cdequantize_blockwise_cpu_nf4_{fp32,bf16}(A, absmax, out, 64, rows, columns); where the
                        last dimension is odd, torch operators (backends/default/ops.py) with the same result. With
                        AVX-512 the C function takes the maxima of other blocks where columns are a multiple of 16 and
                        not of 64, which is an error; the fixtures then come from the torch operators, too
"""

import hashlib

import torch

from fixture_common import folder, seed, write_json, write_tensors

# name -> (shape, dtype, keep dequantized values)
CASES = {
    "square-fp32": ((64, 64), torch.float32, True),
    "square-bf16": ((64, 64), torch.bfloat16, True),
    "partial-absmax-fp32": ((192, 96), torch.float32, False),
    "large-bf16": ((320, 192), torch.bfloat16, False),
    "short-block-fp32": ((37, 54), torch.float32, True),
    "short-block-bf16": ((37, 54), torch.bfloat16, True),
    "odd-columns-fp32": ((37, 53), torch.float32, True),
    "odd-columns-bf16": ((37, 53), torch.bfloat16, True),
    "ties-and-zeros-fp32": ((8, 64), torch.float32, True),
}


def sha256(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()).hexdigest()


def weight(name: str, shape, dtype, index: int) -> torch.Tensor:
    value = torch.randn(shape, generator=seed(500 + index)) * 0.05
    value.view(-1)[::97] *= 8
    if name.startswith("ties"):
        from bitsandbytes.functional import get_4bit_type

        code = get_4bit_type("nf4", device="cpu")
        midpoints = (code[:-1] + code[1:]) / 2
        value[0] = 0
        value[1, :16], value[1, 16:31] = code, midpoints
        value[2] = torch.tensor([1e-40, -1e-40] * 32)
        value[3] = -value[3].abs()
    return value.to(dtype)


def dequantize(packed, state, absmax, shape, dtype):
    import bitsandbytes.functional as functional
    from bitsandbytes.backends.default.ops import _dequantize_4bit_compute

    if shape[-1] % 64 != 0:
        return _dequantize_4bit_compute(packed.reshape(-1), absmax, state.code, 64, shape, dtype)
    state.dtype = dtype
    return functional.dequantize_4bit(packed, state)


def case(name: str, shape, dtype, keep: bool, index: int):
    import bitsandbytes.functional as functional

    value = weight(name, shape, dtype, index)
    options = dict(blocksize=64, quant_type="nf4")
    packed, state = functional.quantize_4bit(value, compress_statistics=True, **options)
    _, plain = functional.quantize_4bit(value, compress_statistics=False, **options)
    restored = functional.dequantize_blockwise(state.absmax, state.state2) + state.offset
    dequantized = {}
    for target, label in ((torch.float32, "fp32"), (torch.bfloat16, "bf16")):
        dequantized[f"dequantized_{label}"] = dequantize(packed, state, restored, shape, target)
    tensors = {
        "input": value,
        "packed": packed.reshape(-1),
        "qabsmax": state.absmax,
        "nested_absmax": state.state2.absmax,
        "offset": state.offset.reshape(1),
        "absmax": plain.absmax,
        "absmax_restored": restored,
        **dequantized,
    }
    entry = {
        "name": name,
        "shape": list(shape),
        "dtype": str(dtype).removeprefix("torch."),
        "blocks": plain.absmax.numel(),
        "sha256": {key: sha256(tensor) for key, tensor in tensors.items()},
    }
    if not keep:
        tensors = {key: tensor for key, tensor in tensors.items() if not key.startswith("dequantized")}
    return entry, tensors


def make() -> None:
    from bitsandbytes.functional import create_dynamic_map, get_4bit_type

    out = folder("nf4")
    entries = []
    for index, (name, (shape, dtype, keep)) in enumerate(CASES.items()):
        entry, tensors = case(name, shape, dtype, keep, index)
        entries.append(entry)
        write_tensors(out / f"{name}.safetensors", tensors)
    write_json(out / "cases.json", {"blocksize": 64, "nested_blocksize": 256, "cases": entries})
    write_tensors(
        out / "maps.safetensors",
        {
            "nf4": get_4bit_type("nf4", device="cpu"),
            "dynamic_map_signed": create_dynamic_map(signed=True),
            "dynamic_map_unsigned": create_dynamic_map(signed=False),
        },
    )
