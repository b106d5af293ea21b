"""Adapters as PEFT can make them, on the tiny Llamas of fixtures/model: logits, loss and gradients (fp32) of each.

Written to fixtures/adapters:
  NAME/               saved by PEFT, every trained value moved away from where it began
  NAME.safetensors    `logits` [length, vocab] of `ids`, and the gradient of `loss` for everything that PEFT trains, by the names
                      of adapter_model.safetensors
  stack.safetensors   `logits` of two of them on one model, the lower one frozen; `weighted` those of their sum with the weights
                      WEIGHTS, by PEFT's add_weighted_adapter (combination_type cat)
  cases.json          {"ids", "samples": [{ids, labels}], "cases": [{name, base, loss}], "stack": {base, adapters, weights}}
                      labels are aligned with ids (not shifted); `loss` is the mean over all labelled tokens

Logits and gradients are those of PeftModel.from_pretrained on the plain base, so what PEFT does to the base while it loads an
adapter (PiSSA, OLoRA) is in them.
"""

import json
import shutil

import torch

from fixture_common import FIXTURES, folder, random_ids, seed, write_json, write_tensors

UNTIED, TIED = "untied", "tied-bias"
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
SOME = ["q_proj", "v_proj", "down_proj"]

CASES = {
    "regex": (UNTIED, dict(target_modules=r".*layers\.[01]\.(self_attn\.(q|v)_proj|mlp\.down_proj)", init_lora_weights="gaussian")),
    "names": (UNTIED, dict(target_modules=["model.layers.0.self_attn.k_proj", "mlp.up_proj", "o_proj"], exclude_modules=["layers.1.self_attn.o_proj"])),
    "all-linear": (UNTIED, dict(target_modules="all-linear", exclude_modules=r".*\.(gate|up)_proj", init_lora_weights="orthogonal")),
    "layers": (UNTIED, dict(target_modules=["q_proj", "down_proj"], layers_to_transform=[1], layers_pattern="layers")),
    "patterns": (
        UNTIED,
        dict(
            target_modules=SOME,
            use_rslora=True,
            rank_pattern={"layers.0.self_attn.q_proj": 5, r"mlp\..*": 3},
            alpha_pattern={"v_proj": 12, r"^model.layers.1.*down_proj": 6},
        ),
    ),
    "dora": (TIED, dict(target_modules=SOME, use_dora=True)),
    "dora-outer": (UNTIED, dict(target_modules=["k_proj", "embed_tokens", "lm_head"], use_dora=True)),
    "lora-bias": (TIED, dict(target_modules=SOME, lora_bias=True)),
    "bias-all": (TIED, dict(target_modules=SOME, bias="all")),
    "bias-lora-only": (TIED, dict(target_modules=SOME, bias="lora_only")),
    "saved": (UNTIED, dict(target_modules=["v_proj"], modules_to_save=["lm_head", "embed_tokens", "norm"])),
    "saved-embedding": (TIED, dict(target_modules=["v_proj"], modules_to_save=["embed_tokens"])),
    "saved-head": (TIED, dict(target_modules=["v_proj"], modules_to_save=["lm_head"])),
    "saved-tied": (TIED, dict(target_modules=["v_proj"], modules_to_save=["embed_tokens"], ensure_weight_tying=True)),
    "saved-linear": (TIED, dict(target_modules=["v_proj", "o_proj"], modules_to_save=["q_proj", "layers.1.mlp"])),
    "outer": (UNTIED, dict(target_modules=["q_proj", "embed_tokens", "lm_head"])),
    "outer-tied": (TIED, dict(target_modules=["q_proj", "embed_tokens", "lm_head"])),
    "pissa": (UNTIED, dict(target_modules=SOME, init_lora_weights="pissa", rank_pattern={"q_proj": 3})),
    "pissa-head": (TIED, dict(target_modules=["q_proj", "lm_head"], init_lora_weights="pissa")),
    "olora": (UNTIED, dict(target_modules=SOME, init_lora_weights="olora")),
    "tokens": (UNTIED, dict(target_modules=["q_proj"], trainable_token_indices=[5, 90, 0])),
    "tokens-tied": (TIED, dict(target_modules=["q_proj"], trainable_token_indices=[5, 90, 17])),
    "tokens-apart": (TIED, dict(target_modules=["q_proj"], trainable_token_indices={"embed_tokens": [5, 90], "lm_head": [7]})),
}
STACK, WEIGHTS = ("patterns", "names"), [0.7, -0.4]


def base_model(name: str):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(FIXTURES / "model" / name, dtype=torch.float32, attn_implementation="eager")


def file_name(parameter: str) -> str:
    name = parameter.removeprefix("base_model.model.").replace(".modules_to_save.default", "").replace(".default", "")
    return name.removesuffix(".weight") if name.endswith("lora_magnitude_vector.weight") else name


def make_adapter(name: str, base: str, settings: dict, number: int, path) -> None:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(number)
    model = get_peft_model(base_model(base), LoraConfig(r=2, lora_alpha=4, lora_dropout=0.0, task_type="CAUSAL_LM", **settings))
    generator = seed(number)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            noise = torch.randn(parameter.shape, generator=generator)
            if "lora_A" in parameter_name or "lora_B" in parameter_name or "lora_embedding" in parameter_name:
                parameter.add_(noise * 0.2)
            else:
                parameter.add_(noise * 0.1 * parameter.abs().mean().clamp(min=0.5))
    shutil.rmtree(path, ignore_errors=True)
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(path)
    (path / "README.md").unlink(missing_ok=True)
    # PEFT writes Python sets in hash order.
    config = json.loads((path / "adapter_config.json").read_text())
    for key in ("target_modules", "exclude_modules", "modules_to_save"):
        if isinstance(config[key], list):
            config[key].sort()
    write_json(path / "adapter_config.json", config)
    for file in path.iterdir():
        file.chmod(0o644)


def load(base: str, path):
    from peft import PeftModel

    return PeftModel.from_pretrained(base_model(base), path, is_trainable=True).eval()


def make_samples() -> list[dict]:
    samples = []
    for index, (length, masked) in enumerate([(9, range(3)), (14, range(6))]):
        ids = random_ids(length, 500 + index)
        ids[4], ids[6], ids[7] = 0, 5, 90  # padding and trained tokens
        samples.append({"ids": ids, "labels": [-100 if i in masked else x for i, x in enumerate(ids)]})
    return samples


def mean_loss(model, samples) -> torch.Tensor:
    losses = []
    for sample in samples:
        logits = model(torch.tensor([sample["ids"]])).logits[0]
        labels = torch.tensor(sample["labels"])
        losses.append(torch.nn.functional.cross_entropy(logits[:-1], labels[1:], reduction="none", ignore_index=-100)[labels[1:] != -100])
    return torch.cat(losses).mean()


def make() -> None:
    out = folder("adapters")
    ids = [*random_ids(8, 510), 5, 90, 0, 17, 7]
    samples = make_samples()
    cases = []
    for number, (name, (base, settings)) in enumerate(CASES.items()):
        make_adapter(name, base, settings, 40 + number, out / name)
        model = load(base, out / name)
        plain = base_model(base).eval()
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0]
            assert (logits - plain(torch.tensor([ids])).logits[0]).abs().max() > 0.05, name
        loss = mean_loss(model, samples)
        loss.backward()
        gradients = {file_name(n): p.grad for n, p in model.named_parameters() if p.requires_grad and p.grad is not None}
        write_tensors(out / f"{name}.safetensors", {"logits": logits, **gradients})
        cases.append({"name": name, "base": base, "loss": loss.item()})
    lower, upper = STACK
    model = load(UNTIED, out / lower)
    model.load_adapter(out / upper, "upper")
    model.base_model.set_adapter(["default", "upper"])
    with torch.no_grad():
        logits = model.eval()(torch.tensor([ids])).logits[0]
        model.add_weighted_adapter(["upper", "default"], WEIGHTS[::-1], "sum", combination_type="cat")
        model.set_adapter("sum")
        weighted = model.eval()(torch.tensor([ids])).logits[0]
        write_tensors(out / "stack.safetensors", {"logits": logits, "weighted": weighted})
    write_json(
        out / "cases.json",
        {"ids": ids, "samples": samples, "cases": cases, "stack": {"base": UNTIED, "adapters": list(STACK), "weights": WEIGHTS}},
    )
