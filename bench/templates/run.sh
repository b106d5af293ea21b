#!/usr/bin/env bash
# Renders made-up conversations with real chat templates, in transformers and in Tunewright, and compares every character.
#
#   bench/templates/run.sh [CONVERSATIONS] [SEED]      default 5000, seed 1; ends with 1 where anything differs
#
# The templates are other people's work and are not stored here: they are taken out of packages on PyPI (trl, axolotl,
# llama-cpp-python) into .tunewright/templates, once. Needs the environment of bench/peers/setup.sh.
# Speed against @huggingface/jinja: bench/templates/speed.mjs.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
python=$("$root/bench/peers/setup.sh")
work=$root/.tunewright/templates
[ -d "$work/sources" ] || "$python" "$here/fetch.py" "$work/sources"
"$python" "$here/conversations.py" "$work/conversations.jsonl" "${1:-5000}" "${2:-1}"
"$python" -W ignore "$here/reference.py" "$work"
npx --prefix "$root" tsx "$here/compare.ts" "$work"
