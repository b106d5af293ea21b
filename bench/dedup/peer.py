"""text-dedup's MinHash as its command runs it, on one file; prints one JSON object.

    python peer.py documents.jsonl work_dir permutations threshold

{"seconds": {"Loading", "MinHashing", "Clustering", …, "Total"}, "clusters": [[row, …], …], "version"}.
Seconds are its own timer's; importing Python packages is not among them.
"""

import importlib.metadata
import json
import os
import sys

documents, folder, permutations, threshold = sys.argv[1:5]
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
os.environ["TQDM_DISABLE"] = "1"
os.environ["HF_HOME"] = os.path.join(folder, "hf")

import text_dedup.minhash as minhash  # noqa: E402
from text_dedup.utils import Timer  # noqa: E402

seconds = {}


def keep(timer, logger, pad):
    del logger, pad
    seconds.update(timer.elapsed_times)


Timer.report = keep
arguments = {
    "--path": "json",
    "--data_files": documents,
    "--split": "train",
    "--cache_dir": os.path.join(folder, "cache"),
    "--output": os.path.join(folder, "output"),
    "--column": "text",
    "--ngram": "5",
    "--min_length": "1",
    "--num_perm": permutations,
    "--threshold": threshold,
    "--num_proc": "1",
    "--batch_size": "10000",
}
sys.stdout = sys.stderr
minhash.main([part for pair in arguments.items() for part in pair], standalone_mode=False)
groups = {}
for row in minhash.uf.parent:
    groups.setdefault(minhash.uf.find(row), []).append(row)
clusters = sorted(sorted(group) for group in groups.values() if len(group) > 1)
version = importlib.metadata.version("text-dedup")
print(json.dumps({"seconds": seconds, "clusters": clusters, "version": version}), file=sys.__stdout__)
