"""Writes a run with the real wandb, offline, as transformers' callback does, and reads run files back.

    wandb_peer.py JOB.json: {"dir", "run": {...}, "config", "rows": [{name: value}], "html": {name: text},
    "summary", "exit_code", "read": [FILE]}

prints {"written": DIRECTORY, "files": [[records of FILE as dictionaries]]}, the written file last.
"""

import glob
import json
import os
import sys
import time

import wandb
from google.protobuf.json_format import MessageToDict
from wandb.proto import wandb_internal_pb2
from wandb.sdk.internal.datastore import DataStore


def write(job):
    run = wandb.init(mode="offline", dir=job["dir"], **job["run"])
    run.config.update(job["config"], allow_val_change=True)
    run.define_metric("train/global_step")
    run.define_metric("*", step_metric="train/global_step", step_sync=True)
    for row in job["rows"]:
        values = {
            name: wandb.Html(value["html"], inject=False) if isinstance(value, dict) else value
            for name, value in row.items()
        }
        run.log(values)
    for name, value in job["summary"].items():
        run.summary[name] = value
    run.finish(exit_code=job["exit_code"])
    return glob.glob(os.path.join(job["dir"], "wandb", "offline-run-*"))[0]


def read(file):
    store = DataStore()
    store.open_for_scan(file)
    records = []
    while True:
        try:
            data = store.scan_data()
        except AssertionError:
            break  # A torn record at the end.
        if data is None:
            break
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        body = MessageToDict(getattr(record, kind), preserving_proto_field_name=True)
        records.append({"kind": kind, "number": record.num, **body})
    return records


def read_whole(folder):
    """The records of the file that wandb's other process writes, once the end of the run is among them."""
    for _ in range(600):
        for file in glob.glob(os.path.join(folder, "*.wandb")):
            try:
                records = read(file)
            except AssertionError:
                continue  # Not even its header is written.
            if any(record["kind"] == "exit" for record in records):
                return records
        time.sleep(0.1)
    raise SystemExit(f"{folder} has no whole run after a minute")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    written = write(job)
    files = [*(read(file) for file in job["read"]), read_whole(written)]
    print(json.dumps({"written": written, "files": files}))


main()
