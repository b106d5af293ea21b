"""Models that PEFT merged: for each adapter of fixtures/adapters, `merge_and_unload()` on the tiny Llama in bfloat16.

Written to fixtures/merged:
  NAME.safetensors    the weights that merging changed, bfloat16, by the names of the merged model
  cases.json          [{name, base, tied}]: `tied` says whether output head and embedding are one weight afterwards

Three adapters have no file (SKIPPED): where embedding and head are one weight and each is adapted in its own way, or only one of
them, PEFT adds everything to that one weight, so that its merged model is not the model with the adapter.
"""

import torch

from fixture_adapters import CASES, base_model
from fixture_common import FIXTURES, folder, write_json, write_tensors

SKIPPED = ["outer-tied", "pissa-head", "tokens-apart"]


def merged(base: str, path):
    from peft import PeftModel

    return PeftModel.from_pretrained(base_model(base).to(torch.bfloat16), path).merge_and_unload()


def make() -> None:
    out = folder("merged")
    cases = []
    for name, (base, _) in CASES.items():
        if name in SKIPPED:
            continue
        model = merged(base, FIXTURES / "adapters" / name)
        before = base_model(base).to(torch.bfloat16).state_dict()
        changed = {key: value.contiguous() for key, value in model.state_dict().items() if not torch.equal(value, before[key])}
        tied = model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()
        if tied:
            changed.pop("lm_head.weight", None)
        write_tensors(out / f"{name}.safetensors", {key: value.clone() for key, value in changed.items()})
        cases.append({"name": name, "base": base, "tied": tied})
    write_json(out / "cases.json", cases)

