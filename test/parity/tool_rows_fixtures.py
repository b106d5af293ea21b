"""Writes fixtures/tool-rows/: the same rows with calls of tools as JSONL, Parquet and Arrow, and a table of many types.

Parquet and Arrow are written by datasets, which pads all objects of a column to the same keys; the rows of
`*.padded.jsonl` are what it reads back.
Run with the environment of bench/peers/setup.sh: python test/parity/tool_rows_fixtures.py
"""

import datetime
import json
import pathlib
import shutil

import datasets
import pyarrow
import pyarrow.feather
import pyarrow.parquet

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


def types():
    """Two record batches with a column of each type that is read."""
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5, 120000)
    many = lambda value, kind=None: pyarrow.array([value, None, value], kind)
    calls = [{"role": "user", "name": None, "call": {"limit": 20.0, "note": None}}, {"role": "tool", "name": "f", "call": None}]
    return pyarrow.table({
        "int64": many(2**53 + 1), "uint64": many(2**64 - 1, pyarrow.uint64()), "int8": many(-5, pyarrow.int8()),
        "float64": pyarrow.array([20.0, float("nan"), 1e-7]), "float32": many(0.1, pyarrow.float32()),
        "float16": many(1.5, pyarrow.float16()), "bool": many(False), "null": pyarrow.nulls(3),
        "text": many("\ufeff火锅\n"), "large": many("large", pyarrow.large_string()),
        "dictionary": pyarrow.array(["a", None, "b"]).dictionary_encode(),
        "binary": many(b"\x00\xffa'\\"), "fixed": many(b"ab", pyarrow.binary(2)), "calls": many(calls),
        "large_list": many([1, None], pyarrow.large_list(pyarrow.int32())), "pair": many([1.0, 2.5], pyarrow.list_(pyarrow.float64(), 2)),
        "map": many([("10", {"x": 1, "y": None}), ("9", None)], pyarrow.map_(pyarrow.string(), pyarrow.struct([("x", pyarrow.int64()), ("y", pyarrow.string())]))),
        "date": many(moment.date()), "date64": many(datetime.date(1960, 1, 2), pyarrow.date64()),
        "time": many(moment.time()), "seconds": many(moment.replace(microsecond=0), pyarrow.timestamp("s")),
        "before": many(datetime.datetime(1969, 12, 31, 23, 59, 59, 500000), pyarrow.timestamp("ms")),
        "nanoseconds": many(1704164645123456700, pyarrow.timestamp("ns")), "zoned": many(moment, pyarrow.timestamp("us", "Asia/Shanghai")),
    })


def write_arrow(path, table, compression=None, new=pyarrow.ipc.new_stream):
    with new(path, table.schema, options=pyarrow.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=2)


def write_types():
    table = types()
    pyarrow.parquet.write_table(table, HERE / "types.parquet")
    write_arrow(HERE / "types.arrow", table)
    write_arrow(HERE / "types.file.arrow", table, new=pyarrow.ipc.new_file)
    write_arrow(HERE / "types.zstd.arrow", table, "zstd")
    pyarrow.feather.write_feather(table, HERE / "types.feather", "lz4")
    views = pyarrow.array([None, "short", "a text that is longer than a view"], pyarrow.string_view())
    write_arrow(HERE / "views.arrow", pyarrow.table({"text": views}))
    write_arrow(HERE / "long.lz4.arrow", pyarrow.table({"text": ["repeated " * 40_000, "end"]}), "lz4")
    write_arrow(HERE / "duration.arrow", pyarrow.table({"row": [{"took": datetime.timedelta(1)}]}))
    write_arrow(HERE / "empty.arrow", table.slice(0, 0))


shutil.rmtree(HERE, ignore_errors=True)
HERE.mkdir(parents=True)
write("objects", ROWS)
write("texts", TEXTS)
datasets.Dataset.from_list(ROWS).save_to_disk(HERE / "objects.shards", num_shards=2)
write_types()
