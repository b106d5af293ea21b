"""One side of run.mjs: nanoseconds a call of a small addition in Python's torch."""

import json
import sys
import time

import torch

calls, batches = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(1)
a = torch.tensor([1.0, 2.0, 3.0])
b = torch.tensor([4.0, 5.0, 6.0])
leaf = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def plain():
    add = torch.add
    with torch.no_grad():
        for _ in range(calls):
            add(a, b)


def recorded():
    add = torch.add
    for _ in range(calls):
        add(leaf, b)


best = {}
for name, run in {"plain": plain, "recorded": recorded}.items():
    run()
    times = []
    for _ in range(batches):
        started = time.perf_counter_ns()
        run()
        times.append((time.perf_counter_ns() - started) / calls)
    best[name] = min(times)
print(json.dumps({**best, "version": torch.__version__}))
