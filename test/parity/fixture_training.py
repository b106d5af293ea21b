"""Training runs of transformers' Trainer (with PEFT for LoRA) on the tiny Llama of fixtures/model/untied, fp32, on a CPU.

Written to fixtures/training:
  samples.json             {"samples": [{ids, labels}]}: 40, lengths 4 to 30; labels aligned with ids, -100 untrained
  initial-adapter/, final-adapter/   PEFT's files before and after the run "lora" (r 4, alpha 8, dropout 0, all linears)
  full-final.safetensors   every parameter after the run "full"
  runs.json                {"runs": [{name, settings, steps: [{step, loss, grad_norm, learning_rate, tokens}]}]}
Runs: `lora` 20 steps of 2 samples x 2 accumulated, `full` 5 steps of the same, `accumulate-8x1` and `accumulate-1x8`
3 steps of 8 samples each from the initial adapter. Samples are taken in file order, wrapping around after 40.
`learning_rate` is what the optimizer used in that step (Trainer logs the same figure); `grad_norm` is before clipping;
`loss` is the mean over all labelled tokens of the step's samples.
"""

import tempfile

import torch

from fixture_common import folder, random_ids, seed, write_json, write_tensors
from fixture_lora import LINEARS, base_model, save

SETTINGS = dict(
    per_device_train_batch_size=2,
    gradient_accumulation_steps=2,
    max_steps=20,
    learning_rate=1e-3,
    lr_scheduler_type="cosine",
    warmup_steps=4,
    weight_decay=0.01,
    max_grad_norm=0.3,
    optim="adamw_torch_fused",
    adam_beta1=0.9,
    adam_beta2=0.999,
    adam_epsilon=1e-8,
)
RUNS = {
    "lora": {},
    "full": dict(max_steps=5, warmup_steps=1),
    "accumulate-8x1": dict(max_steps=3, warmup_steps=0, per_device_train_batch_size=8, gradient_accumulation_steps=1),
    "accumulate-1x8": dict(max_steps=3, warmup_steps=0, per_device_train_batch_size=1, gradient_accumulation_steps=8),
}


def make_samples() -> list[dict]:
    generator = seed(700)
    samples = []
    for index in range(40):
        length = int(torch.randint(4, 31, (1,), generator=generator))
        ids = random_ids(length, 1000 + index)
        prompt = max(1, length // 3)
        labels = [-100] * prompt + ids[prompt:]
        if index % 3 == 0 and length > 12:
            middle = 2 * length // 3
            labels[middle : middle + 3] = [-100] * 3
        samples.append({"ids": ids, "labels": labels})
    return samples


def initial_adapter():
    """PEFT's own start: random A, B zero."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(21)
    config = LoraConfig(
        r=4, lora_alpha=8, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", target_modules=LINEARS
    )
    return get_peft_model(base_model(), config)


def collate(batch: list[dict]) -> dict:
    """Right padding; padded positions are neither attended to nor trained."""
    width = max(len(row["input_ids"]) for row in batch)

    def padded(key: str, value: int) -> torch.Tensor:
        return torch.tensor([row[key] + [value] * (width - len(row[key])) for row in batch])

    return {
        "input_ids": padded("input_ids", 0),
        "labels": padded("labels", -100),
        "attention_mask": padded("attention_mask", 0),
    }


def train(model, samples: list[dict], settings: dict) -> list[dict]:
    from transformers import Trainer, TrainerCallback, TrainingArguments

    used = []

    class UsedLearningRate(TrainerCallback):
        def on_pre_optimizer_step(self, args, state, control, optimizer=None, **kwargs):
            used.append(optimizer.param_groups[0]["lr"])

    rows = [
        {"input_ids": sample["ids"], "labels": sample["labels"], "attention_mask": [1] * len(sample["ids"])}
        for sample in samples
    ]
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            output_dir=scratch,
            use_cpu=True,
            bf16=False,
            fp16=False,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            train_sampling_strategy="sequential",
            seed=42,
            **settings,
        )
        trainer = Trainer(model, arguments, data_collator=collate, train_dataset=rows, callbacks=[UsedLearningRate()])
        trainer.train()
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    window = settings["per_device_train_batch_size"] * settings["gradient_accumulation_steps"]
    steps = []
    for index, entry in enumerate(logs):
        taken = [samples[(index * window + i) % len(samples)] for i in range(window)]
        steps.append(
            {
                "step": entry["step"],
                "loss": entry["loss"],
                "grad_norm": float(entry["grad_norm"]),
                "learning_rate": used[index],
                "logged_learning_rate": entry["learning_rate"],
                "tokens": sum(len(sample["ids"]) for sample in taken),
                "labelled_tokens": sum(sum(x != -100 for x in sample["labels"][1:]) for sample in taken),
            }
        )
    return steps


def make() -> None:
    out = folder("training")
    samples = make_samples()
    write_json(out / "samples.json", {"samples": samples})
    runs = []
    for name, changes in RUNS.items():
        settings = {**SETTINGS, **changes}
        model = base_model() if name == "full" else initial_adapter()
        if name == "lora":
            save(model, out / "initial-adapter")
        steps = train(model, samples, settings)
        if name == "lora":
            save(model, out / "final-adapter")
        if name == "full":
            write_tensors(out / "full-final.safetensors", dict(model.named_parameters()))
        runs.append({"name": name, "settings": settings, "steps": steps})
    one, eight = ([step["loss"] for step in run["steps"]] for run in runs[-2:])
    assert max(abs(a - b) for a, b in zip(one, eight)) < 1e-5, (one, eight)
    write_json(out / "runs.json", {"base": "model/untied", "runs": runs})
