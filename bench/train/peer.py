#!/usr/bin/env python3
"""TRL's SFTTrainer with PEFT on the work of bench/train, on a CPU.

    python bench/train/peer.py prepare --work-dir DIR [--builtin FILE]     makes DIR/model from the built-in GGUF, once
    python bench/train/peer.py train --work-dir DIR --data FILE.jsonl --mode lora|qlora [--passes 2] [--rows rows.json]

SmolLM2-135M-Instruct in bf16, LoRA r 64, alpha 16, dropout 0.05 on all linears (qlora: over bitsandbytes' NF4 with double
quantization), micro-batch 8, gradient checkpointing, fused AdamW, constant learning rate 2e-4, gradients clipped at 0.3.
`--rows` is a list of {"input_ids", "labels"} in the order in which they are to be consumed; without it, the first 16 rows
of the data in file order, `--passes` times. With it, `rows_differing` says how many of them this side would have
tokenised otherwise. Prints one JSON object: losses and seconds per step, tokens, tokens_per_second, peak_rss_bytes.
"""

import argparse
import json
import os
import pathlib
import resource
import sys
import time
import warnings

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
warnings.filterwarnings("ignore")

here = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent.parent / "test" / "parity")]

LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ROWS, MAX_LENGTH, BATCH = 16, 1024, 8


def prepare(arguments) -> None:
    """Writes the built-in model as a bf16 Hugging Face directory; a process of its own, so its memory is not counted."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from builtin_model import gguf_file, load_model, load_tokenizer

    target = arguments.work_dir / "model"
    if (target / "tokenizer.json").exists():
        return
    where = gguf_file(arguments.builtin)
    loaded = load_model(where, torch.bfloat16)
    # transformers refuses to save a model that came from a GGUF file, so a plain one takes its weights.
    settings = loaded.config.to_dict()
    settings.pop("quantization_config", None)
    model = LlamaForCausalLM._from_config(LlamaConfig.from_dict(settings), dtype=torch.bfloat16)
    model.load_state_dict(loaded.state_dict())
    model.save_pretrained(target)
    load_tokenizer(where).save_pretrained(target)


def load(arguments):
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    options = {}
    if arguments.mode == "qlora":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
        options["device_map"] = "cpu"
    return AutoModelForCausalLM.from_pretrained(arguments.work_dir / "model", dtype=torch.bfloat16, **options)


def make_rows(arguments, tokenizer) -> tuple[list[dict], int | None]:
    from conversations import encode, read_messages

    own = [encode(tokenizer, messages, MAX_LENGTH) for messages in read_messages(arguments.data, ROWS)]
    if arguments.rows is None:
        return own * arguments.passes, None
    given = json.loads(arguments.rows.read_text())
    known = {json.dumps([row["input_ids"], row["labels"]]) for row in own}
    differing = sum(json.dumps([row["input_ids"], row["labels"]]) not in known for row in given)
    return [{"input_ids": row["input_ids"], "labels": row["labels"]} for row in given], differing


def train(arguments) -> None:
    import torch
    import transformers

    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.disable_progress_bar()
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer, PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(arguments.work_dir / "model")
    rows, differing = make_rows(arguments, tokenizer)
    steps = []

    class Clock(TrainerCallback):
        def on_train_begin(self, *_, **__):
            self.begin = self.last = time.perf_counter()

        def on_step_end(self, *_, **__):
            now = time.perf_counter()
            steps.append({"seconds": now - self.last})
            self.last = now
            print(f"peer {arguments.mode}: step {len(steps)}, {steps[-1]['seconds']:.1f} s", file=sys.stderr, flush=True)

    clock = Clock()
    trainer = SFTTrainer(
        model=load(arguments),
        args=SFTConfig(
            output_dir=str(arguments.work_dir / f"out-{arguments.mode}"),
            use_cpu=True,
            bf16=True,
            per_device_train_batch_size=BATCH,
            gradient_accumulation_steps=1,
            gradient_checkpointing=True,
            max_length=MAX_LENGTH,
            num_train_epochs=1,
            learning_rate=2e-4,
            lr_scheduler_type="constant",
            weight_decay=0.0,
            max_grad_norm=0.3,
            optim="adamw_torch_fused",
            train_sampling_strategy="sequential",
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
            seed=42,
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=64, lora_alpha=16, lora_dropout=0.05, bias="none", task_type="CAUSAL_LM", target_modules=LINEARS
        ),
        callbacks=[clock],
    )
    # It prints on stdout, which belongs to the result.
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    seconds = clock.last - clock.begin
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    for index, entry in enumerate(logs):
        batch = rows[index * BATCH : (index + 1) * BATCH]
        steps[index] |= {
            "step": entry["step"],
            "loss": entry["loss"],
            "grad_norm": float(entry["grad_norm"]),
            "tokens": sum(len(row["input_ids"]) for row in batch),
            "labelled_tokens": sum(label != -100 for row in batch for label in row["labels"][1:]),
        }
    tokens = sum(len(row["input_ids"]) for row in rows)
    result = {
        "mode": arguments.mode,
        "steps": steps,
        "tokens": tokens,
        "labelled_tokens": sum(step["labelled_tokens"] for step in steps),
        "rows_differing": differing,
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "trainable_parameters": sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }
    json.dump(result, sys.stdout)
    print()


def versions() -> dict:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "transformers", "peft", "trl", "bitsandbytes")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["prepare", "train"])
    parser.add_argument("--work-dir", type=pathlib.Path, required=True)
    parser.add_argument("--builtin", type=pathlib.Path, help="the built-in model: its .gguf file or its wheel")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--rows", type=pathlib.Path)
    parser.add_argument("--mode", choices=["lora", "qlora"], default="lora")
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    arguments.work_dir.mkdir(parents=True, exist_ok=True)
    prepare(arguments) if arguments.command == "prepare" else train(arguments)


if __name__ == "__main__":
    main()
