"""Writes fixtures/tool-rows/: the same rows with calls of tools as JSONL, Parquet and Arrow.

Parquet and Arrow are written by datasets, which pads all objects of a column to the same keys; the rows of
`*.padded.jsonl` are what it reads back.
Run with the environment of bench/peers/setup.sh: python test/parity/tool_rows_fixtures.py
"""

import json
import pathlib
import shutil

import datasets

HERE = pathlib.Path(__file__).parent / "fixtures" / "tool-rows"


def tool(name, properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": parameters}}


def row(number, name, arguments, properties, answer):
    call = {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {
        "number": number,
        "messages": [
            {"role": "user", "content": f"question {number}"},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": answer, "tool_call_id": f"call_{number}"},
            {"role": "assistant", "content": "done"},
        ],
        "tools": [tool(name, properties)],
    }


ROWS = [
    row(1, "weather", {"city": "Lund", "days": 3}, {"city": {"type": "string"}, "days": {"type": "integer"}}, "rain"),
    row(2, "pay", {"amount": 20.0, "rate": 1e-7, "account": 2**53 + 1}, {"amount": {"type": "number", "minimum": 1.0}}, "ok"),
    row(3, "search", {"query": "火锅", "filters": {"open": True, "rating": 4.5}}, {"query": {"type": "string"}}, "[]"),
    row(4, "search", {"query": "x", "filters": {"rating": 4.0, "near": [1.0, 2.5]}}, {"query": {"type": "string"}}, "[]"),
]
# The text of a call keeps its null, which the row means.
TEXTS = [
    {
        "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": None, "tool_calls": [
                {"type": "function", "function": {"name": "f", "arguments": '{"limit": null, "rate": 1e-7}'}}]},
            {"role": "tool", "content": "r"},
            {"role": "assistant", "content": "a"},
        ],
        "tools": json.dumps([tool("f", {"limit": {"type": "integer", "default": None}})]),
    }
]


def write(name, rows):
    data = datasets.Dataset.from_list(rows)
    (HERE / f"{name}.jsonl").write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows))
    data.to_parquet(HERE / f"{name}.parquet")
    data.save_to_disk(HERE / f"{name}.saved")
    (HERE / f"{name}.padded.jsonl").write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in data.to_list()))


shutil.rmtree(HERE, ignore_errors=True)
HERE.mkdir(parents=True)
write("objects", ROWS)
write("texts", TEXTS)
