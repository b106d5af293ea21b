"""transformers' RMS norms of Llama, OLMo 2 and Gemma 2 in float32, bfloat16 and float16, with autograd's gradients.

Written to fixtures/norm:
  cases.json             {"cases": [{name, norm, dtype, epsilon, shape}]}
  tensors.safetensors    "<name>.input", ".weight", ".gradient" (of the output), ".output", ".by_input", ".by_weight",
                         all in the case's dtype
Cases: `plain` random numbers; `large` inputs whose squares overflow float16; `small` inputs near epsilon; `heads` a norm
over the last of three dimensions, as Qwen 3 has it on q and k; `parallel` a gradient along the input, whose two parts
cancel to less than a hundredth, so that a backward pass that rounds them by themselves is far off; `olmo2` and `gemma2`
their norms, whose weight multiplies in float32 (Gemma's is stored less 1).

What transformers 5.23 does (models/llama/modeling_llama.py), where x and weight have one type T:
  forward   x to float32; r = rsqrt(mean(x^2) + eps) and x * r in float32; rounded to T; times weight, rounded to T
  by input  gradient * weight in T (rounded); from there all in float32 (r * g - x * r^3 * mean(g * x)); rounded to T once
  by weight gradient * (x * r rounded to T), each product rounded to T, summed over rows in float32, rounded to T once
"""

import torch

from fixture_common import folder, seed, write_json, write_tensors

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def make_inputs(kind: str, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    shape = (5, 3, 16) if kind == "heads" else (7, 48)
    x, gradient = (torch.randn(shape, generator=generator) for _ in range(2))
    weight = 1 + 0.3 * torch.randn(shape[-1], generator=generator)
    if kind == "large":
        x = x * 900
    if kind == "small":
        x = x * 2e-3
    if kind == "parallel":
        gradient = x / weight * (1 + 0.003 * gradient)
    return x, weight, gradient


def make() -> None:
    from transformers.models.gemma2.modeling_gemma2 import Gemma2RMSNorm
    from transformers.models.llama.modeling_llama import LlamaRMSNorm
    from transformers.models.olmo2.modeling_olmo2 import Olmo2RMSNorm

    norms = {"olmo2": Olmo2RMSNorm, "gemma2": Gemma2RMSNorm}

    out = folder("norm")
    generator = seed(900)
    tensors, cases = {}, []
    for kind in ("plain", "large", "small", "heads", "parallel", *norms):
        inputs = make_inputs(kind, generator)
        epsilon = 1e-5 if kind == "small" else 1e-6
        for name, dtype in DTYPES.items():
            x, weight, gradient = (one.to(dtype) for one in inputs)
            norm = norms.get(kind, LlamaRMSNorm)(x.shape[-1], epsilon).to(dtype)
            weight = weight - 1 if kind == "gemma2" else weight
            norm.weight.data.copy_(weight)
            x.requires_grad_()
            output = norm(x)
            by_input, by_weight = torch.autograd.grad(output, (x, norm.weight), gradient)
            case = f"{kind}-{name}"
            values = dict(
                input=x, weight=weight, gradient=gradient, output=output, by_input=by_input, by_weight=by_weight
            )
            assert all(one.dtype == dtype and one.isfinite().all() for one in values.values()), case
            tensors |= {f"{case}.{key}": one for key, one in values.items()}
            norm_name = kind if kind in norms else "llama"
            cases.append({"name": case, "norm": norm_name, "dtype": name, "epsilon": epsilon, "shape": list(x.shape)})
    write_json(out / "cases.json", {"made_by": "test/parity/make_fixtures.py norm", "cases": cases})
    write_tensors(out / "tensors.safetensors", tensors)
