"""Optimizer steps by torch (CPU, fp32) and bitsandbytes' AdamW8bit.

Written to fixtures/optimizer:
  cases.json                {"cases": [{name, optimizer, settings, steps, parameters}], "clip": [...]}
  adamw|sgd.safetensors     "<parameter>.initial", "<parameter>.grad.<step>", "<parameter>.after.<step>" and the state
                            after the last step: exp_avg, exp_avg_sq (adamw) or momentum_buffer (sgd); steps from 1
  adamw8bit.safetensors     the same with state1, state2 (uint8), absmax1, absmax2 for tensors of at least 4,096 elements
                            (block 256, signed and unsigned dynamic maps); smaller tensors keep fp32 state1, state2
  clip.safetensors          torch.nn.utils.clip_grad_norm_: "grad.<i>" and, per case, "clipped.<case>.<i>"
bitsandbytes runs AdamW8bit on a CPU through torch operators plus its C blockwise quantization (backends/cpu/ops.py).
"""

import torch

from fixture_common import folder, seed, write_json, write_tensors

SHAPES = {"matrix": (16, 12), "vector": (7,), "tall": (33, 3)}
LARGE = {"large": (72, 64), "small": (5, 6)}
STEPS = 3


def draw(shapes: dict, value: int):
    generator = seed(value)
    initial = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    grads = [
        {name: torch.randn(shape, generator=generator) * 10.0 ** (step - 1) for name, shape in shapes.items()}
        for step in range(STEPS)
    ]
    return initial, grads


def run(build, shapes: dict, value: int, state_keys: tuple[str, ...]) -> dict:
    initial, grads = draw(shapes, value)
    parameters = {name: torch.nn.Parameter(tensor.clone()) for name, tensor in initial.items()}
    optimizer = build(list(parameters.values()))
    tensors = {f"{name}.initial": tensor for name, tensor in initial.items()}
    for step, gradients in enumerate(grads, start=1):
        for name, parameter in parameters.items():
            parameter.grad = gradients[name].clone()
            tensors[f"{name}.grad.{step}"] = gradients[name]
        optimizer.step()
        for name, parameter in parameters.items():
            tensors[f"{name}.after.{step}"] = parameter.detach().clone()
    for name, parameter in parameters.items():
        for key in state_keys:
            if key in optimizer.state[parameter]:
                tensors[f"{name}.{key}"] = optimizer.state[parameter][key]
    return tensors


def make_clip(out) -> list[dict]:
    generator = seed(63)
    grads = [torch.randn(shape, generator=generator) for shape in SHAPES.values()]
    tensors = {f"grad.{i}": grad for i, grad in enumerate(grads)}
    entries = []
    for case, maximum in enumerate((0.3, 1.0, 1000.0)):
        parameters = [torch.nn.Parameter(torch.zeros_like(grad)) for grad in grads]
        for parameter, grad in zip(parameters, grads):
            parameter.grad = grad.clone()
        norm = torch.nn.utils.clip_grad_norm_(parameters, maximum)
        entries.append({"max_norm": maximum, "total_norm": norm.item()})
        tensors |= {f"clipped.{case}.{i}": parameter.grad for i, parameter in enumerate(parameters)}
    write_tensors(out / "clip.safetensors", tensors)
    return entries


def make() -> None:
    import bitsandbytes

    out = folder("optimizer")
    adam = dict(lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    sgd = dict(lr=1e-2, momentum=0.9, weight_decay=0.05)
    runs = {
        "adamw": (
            lambda parameters: torch.optim.AdamW(parameters, fused=True, **adam),
            SHAPES,
            ("exp_avg", "exp_avg_sq"),
            adam,
        ),
        "sgd": (lambda parameters: torch.optim.SGD(parameters, **sgd), SHAPES, ("momentum_buffer",), sgd),
        "adamw8bit": (
            lambda parameters: bitsandbytes.optim.AdamW8bit(parameters, **adam),
            LARGE,
            ("state1", "state2", "absmax1", "absmax2"),
            adam,
        ),
    }
    cases = []
    for index, (name, (build, shapes, keys, settings)) in enumerate(runs.items()):
        tensors = run(build, shapes, 60 + index, keys)
        write_tensors(out / f"{name}.safetensors", tensors)
        cases.append({"name": name, "settings": settings, "steps": STEPS, "parameters": {k: list(v) for k, v in shapes.items()}})
    write_json(out / "cases.json", {"cases": cases, "clip": make_clip(out)})
