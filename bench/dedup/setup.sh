#!/usr/bin/env bash
# Makes the Python environment of text-dedup, and prints its interpreter on stdout.
#
#   bench/dedup/setup.sh                     makes .tunewright/peers-dedup (idempotent)
#
# TUNEWRIGHT_DEDUP_PYTHON=/path/to/python    uses that interpreter instead, if it has text_dedup.
# It is apart from bench/peers, whose versions text-dedup's requirements would change.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="$here/../../.tunewright/peers-dedup"
version=0.4.0

if [ -n "${TUNEWRIGHT_DEDUP_PYTHON:-}" ]; then
  "$TUNEWRIGHT_DEDUP_PYTHON" -c 'import text_dedup.utils' >&2 || {
    echo "error: TUNEWRIGHT_DEDUP_PYTHON=$TUNEWRIGHT_DEDUP_PYTHON has no text_dedup" >&2
    exit 1
  }
  echo "$TUNEWRIGHT_DEDUP_PYTHON"
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
pip=("$python" -m pip --disable-pip-version-check --no-input install --progress-bar off --quiet)
echo "peers: installing text-dedup $version …" >&2
"${pip[@]}" -r "$here/requirements.txt" >&2
"${pip[@]}" --no-deps "text-dedup==$version" >&2
"$python" -c 'import text_dedup.utils' >&2
cp "$here/requirements.txt" "$stamp"
echo "$python"
