#!/usr/bin/env python3
"""Makes test/parity/fixtures/torch: files of torch.save, and what torch.load makes of them.

    python test/parity/torch_fixtures.py

zip.bin, legacy.bin      a dictionary of tensors of every type, views of all kinds, shared storages, parameters and
                         module versions, in both forms of torch.save
protocol4.bin            the same with pickle protocol 4
compressed.bin           zip.bin with compressed entries, as torch.save never writes them
zip64.bin                zip.bin with every size and position in zip64 records, by Python's zipfile
refused/NAME.bin         what is no dictionary of tensors, saved by torch.save: refused.json has a part of each message
expected.safetensors     the values by name, as torch.load gives them
model/                   families/baichuan-7b/model as pytorch_model.bin in two shards with their index
adapter/                 families/baichuan-7b/adapter as adapter_model.bin
"""

import functools
import json
import os
import pathlib
import shutil
import zipfile
from collections import OrderedDict

import torch
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent / "fixtures"
OUT = HERE / "torch"
INTEGERS = {"i64": torch.int64, "i32": torch.int32, "i16": torch.int16, "i8": torch.int8, "u8": torch.uint8}
FLOATS = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def tensors() -> OrderedDict:
    generator = torch.Generator().manual_seed(1)
    state = OrderedDict()
    for name, dtype in FLOATS.items():
        state[f"type.{name}"] = torch.randn(3, 5, generator=generator).to(dtype)
    for name, dtype in INTEGERS.items():
        state[f"type.{name}"] = torch.randint(0, 100, (4, 3), generator=generator).to(dtype)
    state["type.bool"] = torch.rand(7, generator=generator) > 0.5
    base = torch.randn(24, 32, generator=generator)
    state["view.whole"] = base
    state["view.transposed"] = base.t()
    state["view.rows"] = base[5:9]
    state["view.columns"] = base[:, 3:20]
    state["view.steps"] = base[1::3, 2::5]
    state["view.column"] = base[:, 7]
    state["view.cube"] = base.view(4, 6, 32).permute(2, 0, 1)
    state["view.swapped"] = base.view(4, 6, 32).transpose(0, 1)
    state["view.expanded"] = base[3].expand(6, 32)
    state["view.repeated"] = base[2, 4].expand(3, 4)
    state["view.diagonal"] = base[:24, :24].diagonal()
    state["view.scalar"] = base[4, 4]
    state["half.transposed"] = torch.randn(40, 70, generator=generator).to(torch.bfloat16).t()
    state["empty"] = torch.empty(0, 4)
    state["scalar"] = torch.tensor(2.5)
    state["parameter"] = torch.nn.Parameter(torch.randn(2, 2, generator=generator))
    state["buffer of 中文 \U0001f600"] = torch.arange(3)
    state._metadata = OrderedDict({"": {"version": 1}, "layer": {"version": 2}})
    return state


def rewritten(source: pathlib.Path, target: pathlib.Path, compression: int, zip64: bool) -> None:
    """The same entries; `zip64` puts every number of the list of entries into zip64 records."""
    if zip64:
        zipfile.ZIP64_LIMIT = -1
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for item in old.infolist():
            info = zipfile.ZipInfo(item.filename)
            info.compress_type = compression
            with new.open(info, "w", force_zip64=zip64) as entry:
                entry.write(old.read(item))
    zipfile.ZIP64_LIMIT = (1 << 31) - 1


class Command:
    """Runs a command when Python's own pickle loads it."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def refused() -> dict:
    weight = torch.zeros(2, 2)
    quantized = torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8)
    return {
        "system": ({"weight": weight, "x": Command(os.system, "touch /tmp/torch-pickle-was-run")}, "posix.system"),
        "eval": ({"x": Command(eval, "1")}, "eval"),
        "getattr": ({"x": Command(getattr, "a", "upper")}, "getattr"),
        "partial": ({"x": functools.partial(print, "run")}, "functools.partial"),
        "module": (torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
        "number": ({"weight": weight, "step": 3}, '"step" is no tensor'),
        "nested": ({"model": {"weight": weight}}, '"model" is no tensor'),
        "list": ([weight], "holds no dictionary"),
        "tensor": (weight, "holds no dictionary"),
        "quantized": ({"weight": quantized}, "_rebuild_qtensor"),
        "complex": ({"weight": weight.to(torch.complex64)}, "torch.ComplexFloatStorage"),
        "float8": ({"weight": weight.to(torch.float8_e4m3fn)}, "_rebuild_tensor_v3"),
        "sparse": ({"weight": weight.to_sparse()}, "_rebuild_sparse_tensor"),
        "numpy": ({"weight": weight.numpy()}, "numpy"),
        "keys": ({1: weight}, "has the key 1"),
    }


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "refused").mkdir(parents=True)
    state = tensors()
    torch.save(state, OUT / "zip.bin")
    torch.save(state, OUT / "legacy.bin", _use_new_zipfile_serialization=False)
    torch.save(state, OUT / "protocol4.bin", pickle_protocol=4)
    rewritten(OUT / "zip.bin", OUT / "compressed.bin", zipfile.ZIP_DEFLATED, False)
    rewritten(OUT / "zip.bin", OUT / "zip64.bin", zipfile.ZIP_STORED, True)
    for name in ("zip", "legacy", "protocol4", "zip64"):
        loaded = torch.load(OUT / f"{name}.bin", weights_only=name != "protocol4")
        assert all(torch.equal(loaded[key], value) for key, value in state.items())
    save_file({name: value.detach().clone().contiguous() for name, value in state.items()}, OUT / "expected.safetensors")

    messages = {}
    for name, (value, message) in refused().items():
        torch.save(value, OUT / "refused" / f"{name}.bin")
        messages[name] = message
    (OUT / "refused.json").write_text(json.dumps(messages, indent=1) + "\n")

    source = HERE / "families" / "baichuan-7b" / "model"
    (OUT / "model").mkdir()
    shutil.copy(source / "config.json", OUT / "model")
    weights = load_file(source / "model.safetensors")
    names = sorted(weights)
    shards = {f"pytorch_model-0000{i + 1}-of-00002.bin": names[i::2] for i in range(2)}
    for file, part in shards.items():
        torch.save(OrderedDict((name, weights[name]) for name in part), OUT / "model" / file)
    index = {
        "metadata": {"total_size": sum(value.nbytes for value in weights.values())},
        "weight_map": {name: file for file, part in shards.items() for name in part},
    }
    (OUT / "model" / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")

    source = HERE / "families" / "baichuan-7b" / "adapter"
    (OUT / "adapter").mkdir()
    shutil.copy(source / "adapter_config.json", OUT / "adapter")
    torch.save(load_file(source / "adapter_model.safetensors"), OUT / "adapter" / "adapter_model.bin")


if __name__ == "__main__":
    main()
