"""Small random checkpoints of mixtures of experts, in the layout of fixture_families.py (fp32, one thread).

Written to fixtures/experts: cases.json and a folder for each case, as in fixtures/families.

transformers 5 keeps the experts of a layer in two tensors. Files have each expert's layers by name, and so have adapters: here
the leaves of a computation have these names, and what transformers computes with is made from them. An adapter is added to the
weights that it lies on, W + alpha / r * B A. That PEFT computes the same with such an adapter is checked too.
One expert of each model never gets a token: its gradients are zero, and a step moves it by its weight decay alone.
"""

import json
import pathlib
import re
import shutil
import tempfile

import torch

from fixture_common import folder, random_ids, seed, write_json, write_tensors
from fixture_families import (
    ADAMW, ADAPTER_STEP, AFTER_STEP, LLAMA, VOCAB, every, logits_of, make_greedy, make_sequences, one_step, randomize,
)
from fixture_lora import LINEARS

RANK, ALPHA = 2, 6

# Widths that are all different.
LATENT = dict(
    num_key_value_heads=4,
    q_lora_rank=None,
    kv_lora_rank=20,
    qk_nope_head_dim=12,
    qk_rope_head_dim=8,
    v_head_dim=14,
    moe_intermediate_size=16,
    n_shared_experts=2,
)
YARN = dict(
    beta_fast=32, beta_slow=1, factor=40, mscale=0.707, mscale_all_dim=0.707, original_max_position_embeddings=16
)

CASES = {
    # The keys of the files that Qwen published (transformers 4.51); the first layer has no experts.
    "qwen3_moe": dict(
        config=dict(
            num_experts=12, num_experts_per_tok=3, moe_intermediate_size=16, mlp_only_layers=[0], norm_topk_prob=True
        ),
        targets=LINEARS,
        value=201000,
        published=dict(
            decoder_sparse_step=1,
            max_window_layers=2,
            output_router_logits=False,
            rope_scaling=None,
            rope_theta=1000000.0,
            router_aux_loss_coef=0.001,
            sliding_window=None,
            torch_dtype="bfloat16",
            transformers_version="4.51.0",
            use_sliding_window=False,
        ),
    ),
    "qwen3_moe-window": dict(
        config=dict(
            num_experts=8,
            num_experts_per_tok=2,
            moe_intermediate_size=24,
            decoder_sparse_step=2,
            use_sliding_window=True,
            sliding_window=5,
            attention_bias=True,
            tie_word_embeddings=True,
            pad_token_id=0,
        ),
        targets=["q_proj", "v_proj", "o_proj"],
        value=202000,
    ),
    # The keys of DeepSeek-V2-Lite.
    "deepseek_v2": dict(
        config=LATENT
        | dict(
            n_routed_experts=10,
            num_experts_per_tok=3,
            first_k_dense_replace=1,
            rope_parameters=YARN | dict(rope_type="yarn", rope_theta=10000.0),
        ),
        targets=["q_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        value=203000,
        published=dict(
            aux_loss_alpha=0.001,
            ep_size=1,
            moe_layer_freq=1,
            n_group=1,
            norm_topk_prob=False,
            q_lora_rank=None,
            rope_scaling=YARN | dict(type="yarn"),
            rope_theta=10000,
            routed_scaling_factor=1.0,
            scoring_func="softmax",
            seq_aux=True,
            topk_group=1,
            topk_method="greedy",
            torch_dtype="bfloat16",
            transformers_version="4.33.1",
        ),
    ),
    "deepseek_v2-groups": dict(
        config=LATENT
        | dict(
            q_lora_rank=12,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=True,
            pad_token_id=0,
            rms_norm_eps=1e-5,
            n_routed_experts=8,
            num_experts_per_tok=2,
            n_shared_experts=1,
            n_group=4,
            topk_group=2,
            topk_method="group_limited_greedy",
            routed_scaling_factor=2.5,
            rope_parameters=dict(
                rope_type="yarn",
                rope_theta=10000.0,
                factor=4.0,
                mscale=1.0,
                mscale_all_dim=0.5,
                original_max_position_embeddings=16,
            ),
        ),
        targets=["q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"],
        value=204000,
    ),
}


class Published(torch.nn.Module):
    """A model of transformers under the names of its files, perhaps with an adapter on it."""

    def __init__(self, model, state: dict[str, torch.Tensor], adapter: dict[str, torch.Tensor] | None = None):
        super().__init__()
        self.inner, self.config = [model.eval()], model.config
        self.state = {name: torch.nn.Parameter(tensor.clone(), adapter is None) for name, tensor in state.items()}
        self.adapter = {name: torch.nn.Parameter(tensor.clone()) for name, tensor in (adapter or {}).items()}

    def named_parameters(self, *_args, **_settings):
        yield from (self.adapter or self.state).items()

    def weight(self, name: str) -> torch.Tensor:
        weight, module = self.state[name], f"base_model.model.{name.removesuffix('.weight')}"
        if f"{module}.lora_A.weight" not in self.adapter:
            return weight
        a, b = (self.adapter[f"{module}.lora_{kind}.weight"] for kind in "AB")
        return weight + ALPHA / RANK * (b @ a)

    def forward(self, ids):
        weights = {name: self.weight(name) for name in self.state}
        model = self.inner[0]
        return torch.func.functional_call(model, joined(weights, [name for name, _ in model.named_parameters()]), (ids,))


def joined(weights: dict[str, torch.Tensor], names: list[str]) -> dict[str, torch.Tensor]:
    """Weights as transformers keeps them."""
    result = {}
    for name in names:
        fused = re.fullmatch(r"(.*\.experts)\.(gate_up_proj|down_proj)", name)
        if not fused:
            result[name] = weights[name]
            continue
        prefix, kind = fused.groups()
        parts = ("gate_proj", "up_proj") if kind == "gate_up_proj" else (kind,)
        count = sum(other.startswith(f"{prefix}.") and other.endswith(".down_proj.weight") for other in weights)
        result[name] = torch.stack(
            [torch.cat([weights[f"{prefix}.{expert}.{part}.weight"] for part in parts]) for expert in range(count)]
        )
    return result


def build(family: str, config: dict):
    from transformers import AutoConfig, AutoModelForCausalLM

    settings = AutoConfig.for_model(family, **{**LLAMA, **config})
    return AutoModelForCausalLM.from_config(settings, attn_implementation="eager", dtype=torch.float32)


def make_model(path, config: dict, value: int, published: dict) -> dict[str, torch.Tensor]:
    """Writes a checkpoint. Returns its tensors by the names of the file."""
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    model = build(path.parent.name.split("-")[0], config)
    randomize(model, value, torch.bfloat16)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(".gate.weight"):
                # Its score is 0, and others of a token are above it.
                parameter[1] = 0
    model.to(torch.bfloat16).save_pretrained(path)
    (path / "generation_config.json").unlink(missing_ok=True)
    if published:
        written = json.loads((path / "config.json").read_text())
        newer = ("rope_parameters", "num_local_experts", "dtype")
        kept = {key: value for key, value in (written | config | published).items() if key not in newer}
        write_json(path / "config.json", dict(sorted(kept.items())))
    state = {name: tensor.float() for name, tensor in load_file(path / "model.safetensors").items()}
    loaded = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
    ids = torch.tensor([random_ids(20, 5, VOCAB)])
    with torch.no_grad():
        assert torch.equal(loaded(ids).logits, Published(build(path.parent.name.split("-")[0], config), state)(ids).logits)
    return state


def make_adapter(state: dict[str, torch.Tensor], targets: list[str], value: int) -> dict[str, torch.Tensor]:
    generator, adapter = seed(value), {}
    for name, weight in sorted(state.items()):
        module = name.removesuffix(".weight")
        if module.rsplit(".", 1)[-1] in targets:
            for kind, shape in (("A", (RANK, weight.shape[1])), ("B", (weight.shape[0], RANK))):
                adapter[f"base_model.model.{module}.lora_{kind}.weight"] = torch.randn(shape, generator=generator) * 0.15
    return adapter


def save_adapter(path, adapter: dict[str, torch.Tensor], targets: list[str], name: str) -> None:
    from peft import LoraConfig

    shutil.rmtree(path, ignore_errors=True)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, task_type="CAUSAL_LM", target_modules=targets)
    config.base_model_name_or_path, config.inference_mode = f"experts/{name}", True
    config.save_pretrained(path)
    written = json.loads((path / "adapter_config.json").read_text())
    written["target_modules"].sort()
    write_json(path / "adapter_config.json", written)
    write_tensors(path / "adapter_model.safetensors", adapter)


def check_peft() -> None:
    """PEFT makes adapters of transformers' own tensors from those of single experts, which compute the same. Layers of these
    names that are no experts it leaves out (PEFT 0.21), so this model has none."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    config = dict(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=16, norm_topk_prob=True)
    ids = random_ids(20, 5, VOCAB)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "qwen3_moe"
        state = make_model(path / "model", config, 7, {})
        adapter = make_adapter(state, LINEARS, 8)
        save_adapter(path / "adapter", adapter, LINEARS, "qwen3_moe")
        loaded = AutoModelForCausalLM.from_pretrained(path / "model", dtype=torch.float32, attn_implementation="eager")
        ours, theirs = Published(build("qwen3_moe", config), state, adapter), PeftModel.from_pretrained(loaded, path / "adapter")
        with torch.no_grad():
            assert torch.allclose(logits_of(theirs.eval(), ids), logits_of(ours, ids), atol=1e-4)


def routes_well(model, sequences: list[dict]) -> bool:
    """Whether no choice of experts is close, expert 1 is never chosen, and all others are."""
    chosen = set()
    for sequence in sequences:
        with torch.no_grad():
            output = model(torch.tensor([sequence["ids"]]), output_router_logits=True)
        for logits in output.router_logits:
            if getattr(model.config, "topk_method", None) == "group_limited_greedy":
                groups = logits.unflatten(1, (model.config.n_group, -1))
                best = groups.amax(-1).topk(model.config.topk_group + 1)
                gap = (best.values[:, -2] - best.values[:, -1]).min()
                inside = torch.zeros_like(groups[..., 0], dtype=torch.bool).scatter_(1, best.indices[:, :-1], True)
                logits = groups.masked_fill(~inside[..., None], -torch.inf).flatten(1)
                if gap < 1e-3:
                    return False
            best = logits.topk(model.config.num_experts_per_tok + 1)
            if (best.values[:, -2] - best.values[:, -1]).min() < 1e-3:
                return False
            chosen |= set(best.indices[:, :-1].flatten().tolist())
    return chosen == set(range(logits.shape[-1])) - {1}


def make_case(out, name: str, config: dict, targets: list[str], value: int, published: dict | None = None) -> dict:
    family = name.split("-")[0]
    sequences = make_sequences(value + 10, config.get("pad_token_id"))
    for attempt in range(200):
        shutil.rmtree(out / name, ignore_errors=True)
        state = make_model(out / name / "model", config, value + attempt, published or {})
        whole = build(family, config)
        whole.load_state_dict(joined(state, [parameter for parameter, _ in whole.named_parameters()]), strict=False)
        if routes_well(whole.eval(), sequences):
            break
    else:
        raise AssertionError("no weights will do")
    tensors_of_adapter = make_adapter(state, targets, value + 1)
    save_adapter(out / name / "adapter", tensors_of_adapter, targets, name)
    plain = Published(build(family, config), state)
    adapter = Published(build(family, config), state, tensors_of_adapter)
    tensors = {}
    with torch.no_grad():
        for index, sequence in enumerate(sequences):
            tensors[f"logits.{index}"] = logits_of(plain, sequence["ids"])
            tensors[f"adapter_logits.{index}"] = logits_of(adapter, sequence["ids"])
            assert (tensors[f"logits.{index}"] - tensors[f"adapter_logits.{index}"]).abs().max() > 0.05
        text = make_greedy(plain, adapter, value + 100, cached=False)
        settings = dict(do_sample=False, max_new_tokens=20, eos_token_id=None, pad_token_id=0)
        generated = whole.generate(torch.tensor([text["prompt_ids"]]), **settings)[0, 6:].tolist()
        assert generated == text["output_ids"]

    labelled = sum(sum(x != -100 for x in s["labels"][1:]) for s in sequences)
    full, lora = one_step(plain, sequences, labelled), one_step(adapter, sequences, labelled)
    steps = {parameter: every(parameter, gradient) for parameter, gradient in full["gradients"].items()}
    for parameter, step in steps.items():
        tensors[f"gradient.{parameter}"] = full["gradients"][parameter].flatten()[::step]
        tensors[f"after.{parameter}"] = full["after"][parameter].flatten()[:: step * AFTER_STEP]
    for parameter, gradient in lora["gradients"].items():
        tensors[f"adapter_gradient.{parameter}"] = gradient.flatten()[::ADAPTER_STEP]
        tensors[f"adapter_after.{parameter}"] = lora["after"][parameter].flatten()[::AFTER_STEP]
    write_tensors(out / name / "expected.safetensors", tensors)
    return {
        "name": name,
        "labelled": labelled,
        "sequences": sequences,
        "loss": full["loss"],
        "adapter_loss": lora["loss"],
        "adamw": ADAMW,
        "steps": steps,
        "greedy": text,
    }


def make() -> None:
    check_peft()
    out = folder("experts")
    cases = [make_case(out, name, **settings) for name, settings in CASES.items()]
    write_json(out / "cases.json", {"made_by": "test/parity/make_fixtures.py experts", "cases": cases})
