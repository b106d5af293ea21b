"""What the programs themselves make of the files in fixtures/dialects: every field that they have, with
its default, and the values that each file resolves to.

Needs, besides bench/peers (transformers, trl), the sources of LLaMA-Factory, axolotl and ms-swift; what
they import but do not need for their arguments may be missing:

    pip download --no-deps --no-binary :all: llamafactory==0.9.5 axolotl==0.19.0 ms-swift==4.6.0
    DISABLE_VERSION_CHECK=1 python test/parity/dialect_fixtures.py FOLDER_WITH_THE_SOURCES
"""

import dataclasses
import importlib.machinery
import json
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

import yaml

folder = Path(__file__).parent / "fixtures" / "dialects"
sources = Path(sys.argv[1])
sys.path[:0] = [str(path) for path in (sources / "site", *sources.glob("*/src"), *sources.glob("ms_swift-*"))]

# Libraries of these programs that have nothing to do with their arguments.
idle = {"numba", "aiohttp", "opentelemetry", "trl.experimental.prm"}


class Idle(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=name)


class Finder:
    def find_spec(self, name, path=None, target=None):
        inside = isinstance(sys.modules.get(name.rpartition(".")[0]), Idle)
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if inside or name in idle else None

    def create_module(self, spec):
        return Idle(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.append(Finder())

shared = (
    "learning_rate per_device_train_batch_size gradient_accumulation_steps num_train_epochs max_steps "
    "lr_scheduler_type warmup_steps weight_decay adam_beta1 adam_beta2 adam_epsilon optim max_grad_norm seed "
    "save_steps save_strategy eval_strategy eval_steps logging_steps bf16 fp16 output_dir"
).split()


def plain(value):
    return getattr(value, "value", value)


def values(arguments, names, **others):
    given = {name: plain(getattr(arguments, name)) for name in names if hasattr(arguments, name)}
    return {**given, **{name: plain(value) for name, value in others.items()}}


def default_of(field):
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else None


def fields(*classes):
    return sorted({field.name for one in classes for field in dataclasses.fields(one) if field.init})


def read(name):
    return yaml.safe_load((folder / name).read_text()) if not name.endswith("json") else json.loads((folder / name).read_text())


def parsed(classes, name):
    from transformers import HfArgumentParser

    given = {key: value for key, value in read(name).items() if key != "deepspeed"}
    if "warmup_ratio" in given:  # transformers 5.12 made one key of the two
        given["warmup_steps"] = given.pop("warmup_ratio")
    return HfArgumentParser(classes).parse_dict({**given, "use_cpu": True})


def llama_factory():
    from llamafactory.hparams import DataArguments, FinetuningArguments, GeneratingArguments, ModelArguments, TrainingArguments

    classes = (ModelArguments, DataArguments, TrainingArguments, FinetuningArguments, GeneratingArguments)
    resolved = {}
    for name in ("llama-factory-lora.yaml", "llama-factory-short.yaml", "llama-factory-full.json"):
        model, data, training, tuning, _ = parsed(classes, name)
        adapter = values(tuning, ["lora_rank", "lora_alpha", "lora_dropout"]) if tuning.finetuning_type == "lora" else {}
        resolved[name] = values(training, shared, max_seq_length=data.cutoff_len, val_size=data.val_size, **adapter)
    return {"fields": fields(*classes), "resolved": resolved}


def trl():
    from trl import DatasetMixtureConfig, ModelConfig, ScriptArguments, SFTConfig

    classes = (ScriptArguments, SFTConfig, ModelConfig, DatasetMixtureConfig)
    resolved = {}
    for name in ("trl-lora.yaml", "trl-short.json"):
        _, training, model, _ = parsed(classes, name)
        resolved[name] = values(
            training,
            shared,
            max_seq_length=training.max_length,
            packing=training.packing,
            **values(model, ["lora_alpha", "lora_dropout"], lora_rank=model.lora_r),
        )
    return {"fields": fields(*classes), "resolved": resolved}


def axolotl():
    from axolotl.utils.dict import DictDefault
    from axolotl.utils.schemas.config import AxolotlInputConfig

    fields = sorted({field.alias or name for name, field in AxolotlInputConfig.model_fields.items()})
    resolved = {}
    for name in ("axolotl-qlora.yml", "axolotl-chat.yml"):
        given = {key: value for key, value in read(name).items() if value is not None}
        defaults = {key: field.get_default(call_default_factory=True) for key, field in AxolotlInputConfig.model_fields.items()}
        cfg = DictDefault({**defaults, **given})
        resolved[name] = {
            "learning_rate": float(cfg.learning_rate),
            "per_device_train_batch_size": cfg.micro_batch_size,
            "gradient_accumulation_steps": cfg.gradient_accumulation_steps,
            "num_train_epochs": cfg.num_epochs,
            "lr_scheduler_type": cfg.lr_scheduler,
            "weight_decay": cfg.weight_decay,
            "optim": cfg.optimizer,
            "max_seq_length": cfg.sequence_len,
            "lora_rank": cfg.lora_r,
            "lora_alpha": cfg.lora_alpha,
            "lora_dropout": cfg.lora_dropout,
            "packing": bool(cfg.sample_packing),
            "val_size": cfg.val_set_size,
            "output_dir": cfg.output_dir,
        }
    return {"fields": fields, "resolved": resolved}


def swift():
    from swift.arguments import SftArguments

    defaults = {field.name: default_of(field) for field in dataclasses.fields(SftArguments)}
    resolved = {}
    for name in ("swift-lora.json", "swift-short.yaml"):
        given = read(name)
        given["tuner_type"] = given.pop("train_type", given.get("tuner_type", "lora"))
        # Of the class itself only what it makes of absent values; all else needs the model.
        arguments = types.SimpleNamespace(**{**defaults, **given})
        arguments._init_output_dir = arguments._init_metric = arguments._init_eval_strategy = lambda: None
        SftArguments._init_override(arguments)
        arguments._hf_has_field = SftArguments._hf_has_field
        SftArguments._handle_hf_removed_args(arguments)
        if arguments.gradient_accumulation_steps is None:
            arguments.gradient_accumulation_steps = -(-16 // arguments.per_device_train_batch_size)
        adapter = values(arguments, ["lora_rank", "lora_alpha", "lora_dropout"]) if arguments.tuner_type == "lora" else {}
        names = [one for one in shared if one not in ("output_dir", "bf16", "fp16", "eval_strategy", "eval_steps")]
        resolved[name] = values(arguments, names, max_seq_length=arguments.max_length, **adapter)
    return {"fields": sorted(defaults), "resolved": resolved}


made = {"llama-factory": llama_factory(), "trl": trl(), "axolotl": axolotl(), "ms-swift": swift()}
(folder / "resolved.json").write_text(json.dumps(made, indent=1, sort_keys=True) + "\n")
