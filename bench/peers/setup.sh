#!/usr/bin/env bash
# Makes the Python environment of the peers that benchmarks measure against, and prints its interpreter on stdout.
#
#   bench/peers/setup.sh            makes .tunewright/peers (idempotent; about 1 GB with torch's CPU build)
#
# TUNEWRIGHT_PEERS_PYTHON=/path/to/python  uses that interpreter instead, if it has the packages.
# torch comes from pip's own configuration if that offers a CPU build, else from PyTorch's CPU index, else as it is.
# What these packages compute never enters Tunewright: no Python runs when it trains, evaluates or serves.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="$here/../../.tunewright/peers"
torch_version=2.13.0

# Everything a benchmark imports.
has_packages() {
  "$1" -c 'import importlib.util as u, sys
names = ["torch", "transformers", "peft", "trl", "bitsandbytes", "datasets", "gguf", "lm_eval"]
missing = [n for n in names if u.find_spec(n) is None]
print("missing packages: " + ", ".join(missing), file=sys.stderr) if missing else None
sys.exit(bool(missing))'
}

if [ -n "${TUNEWRIGHT_PEERS_PYTHON:-}" ]; then
  if ! has_packages "$TUNEWRIGHT_PEERS_PYTHON" >&2; then
    echo "error: TUNEWRIGHT_PEERS_PYTHON=$TUNEWRIGHT_PEERS_PYTHON cannot be used" >&2
    echo "  to do: install bench/peers/requirements.txt there, or unset the variable" >&2
    exit 1
  fi
  echo "$TUNEWRIGHT_PEERS_PYTHON"
  exit 0
fi

python="$venv/bin/python"
stamp="$venv/requirements.installed"
if [ -x "$python" ] && cmp -s "$stamp" "$here/requirements.txt"; then
  echo "$python"
  exit 0
fi

base=$(command -v python3) || {
  echo "error: python3 is missing; install Python 3.10 or newer with its venv module" >&2
  exit 1
}
mkdir -p "$(dirname "$venv")"
[ -x "$python" ] || "$base" -m venv "$venv" >&2
pip=("$python" -m pip --disable-pip-version-check --no-input install --progress-bar off)
if ! "$python" -c 'import torch' 2>/dev/null; then
  if [ -e /proc/driver/nvidia/version ]; then
    "${pip[@]}" "torch==$torch_version" >&2
  else
    echo "peers: installing torch $torch_version (CPU build) …" >&2
    "${pip[@]}" --quiet "torch==$torch_version+cpu" >&2 2>/dev/null ||
      "${pip[@]}" --quiet --index-url https://download.pytorch.org/whl/cpu "torch==$torch_version+cpu" >&2 2>/dev/null ||
      "${pip[@]}" "torch==$torch_version" >&2
  fi
fi
echo "peers: installing transformers, peft, trl, bitsandbytes, lm_eval …" >&2
"${pip[@]}" --quiet -r "$here/requirements.txt" >&2
has_packages "$python"
cp "$here/requirements.txt" "$stamp"
echo "$python"
