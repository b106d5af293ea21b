"""Writes fixtures/python-literal.json: what Python writes of values, and the values as JSON.

Run with the environment of bench/peers/setup.sh: python test/parity/python_literal_fixtures.py
"""

import json
import pathlib
import random

import numpy

OUT = pathlib.Path(__file__).parent / "fixtures" / "python-literal.json"

TEXTS = ["it's", 'say "hi"', "both ' and \"", "\\", "\n\t\r\0\x07\x7f", "é😀\u2028\ufeff\u00a0", "", "True", "\\'", "[1]"]
KEYS = ["from", "value", "10", "9", "a'b", "__proto__", "名"]


def value(rng, depth=0):
    kind = rng.randrange(9 if depth < 4 else 6)
    if kind == 0:
        return rng.choice(TEXTS) + rng.choice(TEXTS)
    if kind == 1:
        return rng.choice([True, False, None])
    if kind == 2:
        return rng.randrange(-(10**20), 10**20) if rng.random() < 0.3 else rng.randrange(-9, 99)
    if kind == 3:
        return rng.choice([rng.uniform(-1, 1), 20.0, 1e-7, 1e22, float("nan"), float("inf"), -float("inf")])
    if kind < 6:
        return rng.choice(TEXTS)
    if kind == 6:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return tuple(value(rng, depth + 1) for _ in range(rng.randrange(4)))
    return {rng.choice(KEYS): value(rng, depth + 1) for _ in range(rng.randrange(4))}


def main():
    rng = random.Random(9)
    values = [value(rng) for _ in range(400)]
    pairs = [[repr(one), json.dumps(one, ensure_ascii=False, separators=(",", ":"))] for one in values]
    turns = numpy.array([{"from": "human", "value": "it's"}, {"from": "gpt", "value": "ok\n"}], dtype=object)
    pairs.append([str(turns), json.dumps(turns.tolist(), separators=(",", ":"))])
    refused = ["", "{'a'}", "{1: 2}", "b'x'", "f()", "[1 2]", "'a' 'b'", "{'a': 1", "'a\nb'", "lambda: 0", "[...]",
               "datetime.date(2024, 1, 1)", "1 + 2", "true", "'\\N{BULLET}'", "nano", "{'a': 1} x", "0x10", "1_0", "01"]
    OUT.write_text(json.dumps({"pairs": pairs, "refused": refused}, ensure_ascii=False, indent=0) + "\n")


main()
