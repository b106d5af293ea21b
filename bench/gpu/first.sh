#!/usr/bin/env bash
# The first ten minutes on a GPU machine: see docs/gpu.md.
#
#   bench/gpu/first.sh [--rehearse] [--seconds 570] [--parts a,b] [FOLDER]
#
# FOLDER (default $OUT, else output/gpu) gets first.json, rewritten after every part, and logs. --rehearse: the same on
# the CPU with tiny shapes. --parts: only these. TUNEWRIGHT_PYTHON: the Python with torch, by default `python3`;
# TUNEWRIGHT_PEERS_PYTHON: the one with transformers and PEFT, by default the same.
# Where .tunewright/gpu-pack.tar.xz lies and there is no node_modules, it is unpacked first.
set -euo pipefail
started=$(date +%s%3N)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pack=$root/.tunewright/gpu-pack.tar.xz

if [ ! -d "$root/node_modules" ]; then
  if [ ! -f "$pack" ]; then
    echo "error: neither node_modules nor $pack is here" >&2
    echo "  to do: run bench/gpu/pack.sh on a machine with a network and bring its file along" >&2
    exit 1
  fi
  # Python unpacks it where xz is not installed.
  if command -v xz >/dev/null; then
    tar -xJf "$pack" -C "$root" --no-same-owner
  else
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$pack" "$root"
  fi
fi
if [ -x "$root/.tunewright/node/bin/node" ]; then export PATH=$root/.tunewright/node/bin:$PATH; fi

seconds=570
arguments=("$@")
for ((i = 0; i < $#; i++)); do
  if [ "${arguments[i]}" = --seconds ]; then seconds=${arguments[i + 1]:-570}; fi
done
# The program keeps to its time by itself; this is for the case that it hangs.
exec timeout --kill-after=5 "$((seconds + 10))" node "$root/bench/gpu/first.mjs" --started "$started" "$@"
