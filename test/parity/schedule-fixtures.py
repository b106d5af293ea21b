"""Writes fixtures/schedule.json.gz: learning rates of transformers' get_scheduler, 200 steps a case.

Run with an environment that has torch and transformers: python test/parity/schedule-fixtures.py
"""

import json
import pathlib
import warnings

import torch
import transformers
from transformers import TrainingArguments, get_scheduler

from packed_json import write_packed

warnings.filterwarnings("ignore")

CASES = [
    {"lr_scheduler_type": "constant"},
    {"lr_scheduler_type": "constant_with_warmup", "warmup_steps": 30},
    {"lr_scheduler_type": "constant_with_warmup"},
    {"lr_scheduler_type": "linear"},
    {"lr_scheduler_type": "linear", "warmup_steps": 30},
    {"lr_scheduler_type": "linear", "warmup_steps": 0.07},
    {"lr_scheduler_type": "linear", "warmup_steps": 1},
    {"lr_scheduler_type": "cosine", "warmup_steps": 0.03},
    {"lr_scheduler_type": "cosine", "warmup_steps": 10, "lr_scheduler_kwargs": {"num_cycles": 1.5}},
    {"lr_scheduler_type": "cosine_with_restarts", "warmup_steps": 10},
    {"lr_scheduler_type": "cosine_with_restarts", "lr_scheduler_kwargs": {"num_cycles": 3}},
    {"lr_scheduler_type": "polynomial", "warmup_steps": 20},
    {"lr_scheduler_type": "polynomial", "lr_scheduler_kwargs": {"power": 2.5, "lr_end": 1e-5}},
    {"lr_scheduler_type": "inverse_sqrt", "warmup_steps": 25},
    {"lr_scheduler_type": "inverse_sqrt"},
    {"lr_scheduler_type": "inverse_sqrt", "warmup_steps": 25, "lr_scheduler_kwargs": {"timescale": 60}},
]
LEARNING_RATE = 2e-4
STEPS = 200
# Shorter than STEPS, so that the rates after the planned end are compared too.
TOTAL_STEPS = 180


def rates(case):
    arguments = TrainingArguments(output_dir="unused", warmup_steps=case.get("warmup_steps", 0))
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LEARNING_RATE)
    scheduler = get_scheduler(
        case["lr_scheduler_type"],
        optimizer,
        num_warmup_steps=arguments.get_warmup_steps(TOTAL_STEPS),
        num_training_steps=TOTAL_STEPS,
        scheduler_specific_kwargs=case.get("lr_scheduler_kwargs"),
    )
    values = []
    for _ in range(STEPS):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return values


out = pathlib.Path(__file__).parent / "fixtures" / "schedule.json.gz"
out.parent.mkdir(exist_ok=True)
write_packed(
    out,
    json.dumps(
        {
            "transformers": transformers.__version__,
            "learning_rate": LEARNING_RATE,
            "total_steps": TOTAL_STEPS,
            "cases": [{"config": case, "rates": rates(case)} for case in CASES],
        }
    )
    + "\n",
)
