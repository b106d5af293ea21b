"""A PEFT LoRA adapter on the tiny Llama of fixtures/model/untied: logits, losses, gradients, greedy text (fp32).

Written to fixtures/lora:
  adapter/            saved by PEFT: r 4, alpha 8, all linears, random A and B
  adapter-rslora/     saved by PEFT: r 8, alpha 16, rank-stabilised scaling, q_proj and v_proj only
  cases.json          {"logits": [{adapter, ids, key}], "samples": [{ids, labels, loss_sum, labelled}], "loss",
                       "greedy": {prompt_ids, output_ids}}
                      labels are aligned with ids (not shifted); `loss` = sum of loss_sum / sum of labelled
  logits.safetensors  by `key` -> [length, vocab]
  gradients.safetensors  gradient of `loss` for every lora_A and lora_B, by the names of adapter_model.safetensors
"""

import json
import shutil

import torch

from fixture_common import FIXTURES, folder, random_ids, seed, write_json, write_tensors

LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def base_model():
    from transformers import AutoModelForCausalLM

    path = FIXTURES / "model" / "untied"
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")


def adapted(value: int, **settings):
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(value)
    config = LoraConfig(lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", **settings)
    model = get_peft_model(base_model(), config)
    generator = seed(value)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model.eval()


def adapter_name(parameter_name: str) -> str:
    return parameter_name.replace(".default", "")


def sum_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(logits[:-1], labels[1:], ignore_index=-100, reduction="sum")


def make_samples() -> list[dict]:
    samples = []
    for index, (length, masked) in enumerate([(9, [0, 1, 2, 3]), (17, [0, 1, 2, 3, 4, 9, 10, 11]), (30, list(range(20)))]):
        ids = random_ids(length, 200 + index)
        samples.append({"ids": ids, "labels": [-100 if i in masked else x for i, x in enumerate(ids)]})
    return samples


def save(model, path, base: str = "untied") -> None:
    shutil.rmtree(path, ignore_errors=True)
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(path)
    (path / "README.md").unlink(missing_ok=True)
    # PEFT writes a Python set in hash order.
    config = json.loads((path / "adapter_config.json").read_text())
    config["target_modules"].sort()
    write_json(path / "adapter_config.json", config)
    for file in path.iterdir():
        file.chmod(0o644)


def make() -> None:
    out = folder("lora")
    adapters = {
        "adapter": adapted(11, r=4, lora_alpha=8, target_modules=LINEARS),
        "adapter-rslora": adapted(12, r=8, lora_alpha=16, use_rslora=True, target_modules=["q_proj", "v_proj"]),
    }
    plain = base_model().eval()
    tensors, entries = {}, []
    for name, model in adapters.items():
        save(model, out / name)
        for length in (1, 24):
            ids = random_ids(length, 300 + length)
            with torch.no_grad():
                logits = model(torch.tensor([ids])).logits[0]
                assert (logits - plain(torch.tensor([ids])).logits[0]).abs().max() > 0.1
            tensors[f"{name}.{length}"] = logits
            entries.append({"adapter": name, "ids": ids, "key": f"{name}.{length}"})

    model = adapters["adapter"]
    samples = make_samples()
    total = torch.zeros(())
    for sample in samples:
        labels = torch.tensor(sample["labels"])
        loss = sum_loss(model(torch.tensor([sample["ids"]])).logits[0], labels)
        sample["loss_sum"], sample["labelled"] = loss.item(), int((labels[1:] != -100).sum())
        total = total + loss
    loss = total / sum(sample["labelled"] for sample in samples)
    loss.backward()
    write_tensors(
        out / "gradients.safetensors",
        {adapter_name(name): p.grad for name, p in model.named_parameters() if p.grad is not None},
    )
    prompt = random_ids(6, 400)
    output = model.generate(
        input_ids=torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False,
        max_new_tokens=24,
        eos_token_id=None,
        pad_token_id=0,
    )
    write_tensors(out / "logits.safetensors", tensors)
    write_json(
        out / "cases.json",
        {
            "base": "model/untied",
            "logits": entries,
            "samples": samples,
            "loss": loss.item(),
            "greedy": {"prompt_ids": prompt, "output_ids": output[0, len(prompt) :].tolist()},
        },
    )
