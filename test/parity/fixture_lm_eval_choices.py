#!/usr/bin/env python3
"""MMLU, C-Eval and CMMLU by lm-evaluation-harness, whole: fixtures/eval/lm-eval-choices.json.

    python test/parity/fixture_lm_eval_choices.py BENCHMARKS

BENCHMARKS is a folder in the layout of shared/data/benchmarks. By number of examples (0 and 5) and task: the beginning of a
hash over all prompts and continuations, acc, its standard error (acc_norm is the same: choices are letters). By group: acc
and its standard error. Takes some minutes.
"""

import json
import pathlib
import sys

import harness_local

GROUPS = ["mmlu", "ceval-valid", "cmmlu"]
DIGITS = 12


def entry_of(numbers: dict) -> list:
    accuracy = [numbers["acc,none"], numbers["acc_stderr,none"]]
    assert numbers.get("acc_norm,none", accuracy[0]) == accuracy[0]
    return [numbers["asked"][:DIGITS], *accuracy] if "asked" in numbers else accuracy


def main() -> None:
    harness_local.use_local_files(sys.argv[1])
    found = {
        str(shots): {
            name: entry_of(numbers)
            for name, numbers in harness_local.digest(harness_local.evaluate(GROUPS, shots)).items()
        }
        for shots in (0, 5)
    }
    lines = [
        f' "{shots}": {{\n' + ",\n".join(f'  "{name}": {json.dumps(entry)}' for name, entry in entries.items()) + "\n }"
        for shots, entries in found.items()
    ]
    path = pathlib.Path(__file__).parent / "fixtures/eval/lm-eval-choices.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
