"""Writes fixtures/best-step.json: which step transformers' Trainer calls the best, and where it ends.

The held-out loss of each evaluation is given; everything else is the Trainer's. Run with an environment
that has torch and transformers: python test/parity/best_step_fixtures.py
"""

import json
import math
import pathlib
import random
import re
import tempfile
import warnings

import torch
import transformers
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainingArguments
from transformers.trainer_utils import EvalLoopOutput

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()

# Values that tie, rise by less than a threshold, or are no numbers.
SERIES = [
    [3.0, 2.0, 1.0, 1.5, 1.4, 1.3, 1.2],
    [1.0, 1.0, 1.0, 1.0],
    [2.0, 1.95, 1.9, 1.85, 1.8, 1.0],
    [1.0, 2.0, 0.5, 2.0, 2.0, 0.25, 3.0],
    [math.nan, 2.0, 1.0, math.nan, math.nan, 0.5],
    [math.nan, math.nan, 1.0, 0.5],
    [math.inf, 3.0, 2.0, math.inf, 1.0],
    [2.0, math.nan, 1.0],
    [0.0, -1.0, -1.0, -2.0],
    [1.0, 1.0 - 1e-9, 1.0 - 2e-9, 1.0 - 3e-9],
]


class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(1, 1)

    def forward(self, x, labels=None):
        out = self.linear(x)
        return {"loss": ((out - labels) ** 2).mean(), "logits": out}


class GivenLosses(Trainer):
    """The Trainer, with held-out losses that are given."""

    def __init__(self, values, **more):
        super().__init__(**more)
        self.values = iter(values)

    def evaluation_loop(self, *args, **kwargs):
        metrics = {"eval_loss": next(self.values)}
        return EvalLoopOutput(predictions=None, label_ids=None, metrics=metrics, num_samples=1)


def step_of(checkpoint):
    return int(re.search(r"checkpoint-(\d+)$", checkpoint).group(1)) if checkpoint else None


def outcome(case):
    values = case["values"]
    rows = [{"x": torch.ones(1), "labels": torch.ones(1)} for _ in values]
    with tempfile.TemporaryDirectory() as directory:
        arguments = TrainingArguments(
            output_dir=directory,
            max_steps=len(values),
            per_device_train_batch_size=1,
            eval_strategy="steps",
            eval_steps=1,
            save_strategy=case["save_strategy"],
            save_steps=1,
            metric_for_best_model="loss",
            greater_is_better=case["greater_is_better"],
            load_best_model_at_end=True,
            logging_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        stopping = EarlyStoppingCallback(case["early_stopping_patience"], case["early_stopping_threshold"])
        trainer = GivenLosses(
            values,
            model=Linear(),
            args=arguments,
            train_dataset=rows,
            eval_dataset=rows[:1],
            callbacks=[stopping] if case["early_stopping_patience"] else [],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        state = trainer.state
        return {"last_step": state.global_step, "best_step": step_of(state.best_model_checkpoint)}


def name(value):
    """JSON has no such numbers."""
    return value if math.isfinite(value) else str(value)


def main():
    source = random.Random(7)
    series = SERIES + [
        [source.choice([1.0, 1.01, 1.1, 1.5, 2.0]) for _ in range(source.randint(4, 9))] for _ in range(30)
    ]
    cases = []
    for values in series:
        case = {
            "values": values,
            "greater_is_better": source.random() < 0.4,
            "early_stopping_patience": source.choice([None, 1, 1, 2, 3]),
            "early_stopping_threshold": source.choice([0.0, 0.0, 0.01, 0.1]),
            "save_strategy": source.choice(["steps", "best"]),
        }
        if case["early_stopping_patience"] is None:
            case["early_stopping_threshold"] = 0.0
        for one in [case, {**case, "greater_is_better": not case["greater_is_better"]}]:
            cases.append({**one, "values": [name(value) for value in values], **outcome(one)})
    path = pathlib.Path(__file__).parent / "fixtures" / "best-step.json"
    lines = ",\n".join(f"    {json.dumps(case)}" for case in cases)
    path.write_text(f'{{\n  "transformers": "{transformers.__version__}",\n  "cases": [\n{lines}\n  ]\n}}\n')


main()
