"""Writes fixtures/config-training-arguments.json: every field of transformers' TrainingArguments
with its default, so that a test can tell when one is neither implemented nor refused.

Run with an environment that has transformers: python test/parity/config-fixtures.py
"""

import dataclasses
import json
import pathlib

import transformers

fields = {}
for field in dataclasses.fields(transformers.TrainingArguments):
    default = field.default
    if default is dataclasses.MISSING:
        default = field.default_factory() if field.default_factory is not dataclasses.MISSING else None
    fields[field.name] = getattr(default, "value", default)

out = pathlib.Path(__file__).parent / "fixtures" / "config-training-arguments.json"
out.parent.mkdir(exist_ok=True)
out.write_text(json.dumps({"transformers": transformers.__version__, "fields": fields}, indent=1) + "\n")
