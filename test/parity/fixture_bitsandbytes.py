"""Checkpoints that bitsandbytes quantized and transformers saved, and their values.

Written to fixtures/bitsandbytes, for each of nf4-double, nf4, fp4-double, fp4, int8:
  <case>/                    a tiny Llama in bfloat16 as `save_pretrained` writes it
  <case>.safetensors         every weight by its name, the quantized ones as bitsandbytes dequantizes them, in float32
  <case>-logits.safetensors  ids [n] and logits [n, vocab] of a model in float32 with those weights
  cases.json                 {"cases": [name]}
"""

import shutil

import torch

from fixture_common import folder, random_ids, tiny_config, tiny_llama, write_json, write_tensors

CASES = {
    "nf4-double": dict(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True),
    "nf4": dict(load_in_4bit=True, bnb_4bit_quant_type="nf4"),
    "fp4-double": dict(load_in_4bit=True, bnb_4bit_quant_type="fp4", bnb_4bit_use_double_quant=True),
    "fp4": dict(load_in_4bit=True, bnb_4bit_quant_type="fp4"),
    "int8": dict(load_in_8bit=True),
}


def dequantized(module) -> torch.Tensor:
    """By bitsandbytes' own operators in torch, which say what its kernels compute."""
    import bitsandbytes.functional as functional
    from bitsandbytes.backends.default.ops import _dequantize_4bit_compute

    weight = module.weight
    if weight.dtype == torch.int8:
        row_maxima = module.state.SCB if module.state.SCB is not None else weight.SCB
        return functional.int8_vectorwise_dequant(weight.data, row_maxima)
    state = weight.quant_state
    absmax = state.absmax
    if state.nested:
        absmax = functional.dequantize_blockwise(absmax, state.state2) + state.offset
    return _dequantize_4bit_compute(weight.data.reshape(-1), absmax, state.code, state.blocksize, state.shape, torch.float32)


def make_case(out, name: str, settings: dict) -> None:
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaForCausalLM

    plain = out / "plain"
    shutil.rmtree(out / name, ignore_errors=True)
    config = tiny_config(vocab_size=48, num_hidden_layers=1)
    tiny_llama(config, 1).to(torch.bfloat16).save_pretrained(plain)
    model = AutoModelForCausalLM.from_pretrained(
        plain, quantization_config=BitsAndBytesConfig(**settings), dtype=torch.bfloat16, device_map="cpu"
    )
    shutil.rmtree(plain)
    model.save_pretrained(out / name)
    # In eval mode bitsandbytes packs its codes in another order.
    model = AutoModelForCausalLM.from_pretrained(out / name, dtype=torch.bfloat16, device_map="cpu").train()
    weights = {key: value.detach().float() for key, value in model.state_dict().items() if key.endswith("weight")}
    weights = {key: value for key, value in weights.items() if "_proj" not in key}
    for key, module in model.named_modules():
        if key.endswith("_proj"):
            weights[f"{key}.weight"] = dequantized(module).float().contiguous()
    dense = LlamaForCausalLM(config).float().eval()
    dense.load_state_dict(weights)
    ids = random_ids(24, 900, 48)
    with torch.no_grad():
        logits = dense(torch.tensor([ids])).logits[0]
    write_tensors(out / f"{name}.safetensors", weights)
    write_tensors(out / f"{name}-logits.safetensors", {"ids": torch.tensor(ids), "logits": logits})
    for file in (out / name).iterdir():
        file.chmod(0o644)


def make() -> None:
    out = folder("bitsandbytes")
    for name, settings in CASES.items():
        make_case(out, name, settings)
    write_json(out / "cases.json", {"made_by": "test/parity/make_fixtures.py bitsandbytes", "cases": list(CASES)})
