"""lm-evaluation-harness 0.4.13 on benchmark files that lie on the disk, with a stand-in for the model.

The harness loads its data by the hub's names. `use_local_files(root)` answers these from `root` (the layout of
`shared/data/benchmarks`); `LOADERS` has one function for each of the hub's names, and takes more. `HashModel` scores a
continuation by a hash of what was asked and answers questions by a given function, so that only prompts, draws, filters and
arithmetic count. `digest` turns what the harness recorded into hashes and numbers, which are small enough to keep.

The environment is that of bench/peers/setup.sh, with lm_eval.
"""

import csv
import gzip
import hashlib
import json
import pathlib
from collections.abc import Callable

import datasets
import lm_eval
from lm_eval.api.model import LM

Splits = dict[str, list[dict]]


def csv_rows(path: pathlib.Path) -> list[list[str]]:
    """Cells as they are written: no text becomes a number or is taken for missing."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def csv_dicts(path: pathlib.Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def json_lines(path: pathlib.Path) -> list[dict]:
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as file:
        return [json.loads(line) for line in file if line.strip()]


def mmlu(root: pathlib.Path, name: str) -> Splits:
    def split(folder: str) -> list[dict]:
        rows = csv_rows(root / "mmlu/data" / folder / f"{name}_{folder}.csv")
        return [
            {"question": row[0], "subject": name, "choices": row[1:5], "answer": "ABCD".index(row[5])} for row in rows
        ]

    return {"test": split("test"), "validation": split("val"), "dev": split("dev")}


def ceval(root: pathlib.Path, name: str) -> Splits:
    return {split: csv_dicts(root / f"ceval/{split}/{name}_{split}.csv") for split in ("val", "test", "dev")}


def cmmlu(root: pathlib.Path, name: str) -> Splits:
    return {split: csv_dicts(root / f"cmmlu/data/{split}/{name}.csv") for split in ("test", "dev")}


def bbh(root: pathlib.Path, name: str) -> Splits:
    return {"test": json.loads((root / f"bbh/bbh/{name}.json").read_text("utf-8"))["examples"]}


def gsm8k(root: pathlib.Path, _name: str) -> Splits:
    return {split: json_lines(root / f"gsm8k/{split}.jsonl") for split in ("train", "test")}


def humaneval(root: pathlib.Path, _name: str | None) -> Splits:
    return {"test": json_lines(root / "humaneval/HumanEval.jsonl.gz")}


LOADERS: dict[str, Callable[[pathlib.Path, str | None], Splits]] = {
    "cais/mmlu": mmlu,
    "ceval/ceval-exam": ceval,
    "haonan-li/cmmlu": cmmlu,
    "SaylorTwift/bbh": bbh,
    "openai/gsm8k": gsm8k,
    "openai/openai_humaneval": humaneval,
}


def use_local_files(root: str | pathlib.Path) -> None:
    """Makes `datasets.load_dataset` read below `root`; a name without a loader is an error."""

    def load_dataset(path: str, name: str | None = None, **_options) -> datasets.DatasetDict:
        splits = LOADERS[path](pathlib.Path(root), name)
        return datasets.DatasetDict({split: datasets.Dataset.from_list(rows) for split, rows in splits.items()})

    datasets.load_dataset = load_dataset


def hash_logprob(context: str, continuation: str) -> float:
    """A log-probability in (-20, 0] that depends on every character."""
    found = hashlib.sha1(f"{context}\u0001{continuation}".encode()).digest()
    return -20 * int.from_bytes(found[:4], "little") / 2**32


class HashModel(LM):
    """Scores by hash; `answer(context, index)` gives the texts, where a task asks for some."""

    def __init__(self, answer: Callable[[str, int], str] = lambda _context, _index: ""):
        super().__init__()
        self.answer = answer

    def loglikelihood(self, requests, disable_tqdm: bool = False):
        return [(hash_logprob(*request.args), False) for request in requests]

    def loglikelihood_rolling(self, requests, disable_tqdm: bool = False):
        raise NotImplementedError

    def generate_until(self, requests, disable_tqdm: bool = False):
        return [self.answer(request.args[0], index) for index, request in enumerate(requests)]


def evaluate(tasks: list[str], num_fewshot: int | None = None, model: LM | None = None, **options) -> dict:
    """What `lm_eval.simple_evaluate` gives for these tasks and groups."""
    return lm_eval.simple_evaluate(
        model=model or HashModel(), tasks=tasks, num_fewshot=num_fewshot, bootstrap_iters=100, **options
    )


def asked_sha1(samples: list[dict]) -> str:
    """One hash over all that was asked, in order: contexts, each with its continuation where there is one."""
    found = hashlib.sha1()
    first = samples[0]["filter"]
    for sample in samples:
        if sample["filter"] == first:
            for context, detail in sample["arguments"]:
                found.update(f"{context}\u0001{detail if isinstance(detail, str) else ''}\u0002".encode())
    return found.hexdigest()


def numbers_of(entry: dict) -> dict:
    """Metrics with their standard errors; the harness writes "N/A" where there is none."""
    return {key: value if value == "N/A" else float(value) for key, value in entry.items() if "," in key}


def digest(evaluated: dict) -> dict:
    """By task and group: the numbers of results.json; by task also `asked` (`asked_sha1`), and settings of generation."""
    digested = {
        name: numbers_of(entry) for name, entry in {**evaluated["results"], **evaluated.get("groups", {})}.items()
    }
    for name, samples in evaluated["samples"].items():
        ordered = sorted(samples, key=lambda sample: (sample["filter"], sample["doc_id"]))
        digested[name]["asked"] = asked_sha1(ordered)
        settings = ordered[0]["arguments"][0][1]
        if not isinstance(settings, str):
            digested[name]["generation"] = settings
    return digested
