#!/bin/sh
# Ids and texts of our tokenizers beside sentencepiece's and tiktoken's, over a million characters; ends with 1 where any differ.
set -e
cd "$(dirname "$0")/../.."
home=.tunewright/tokenizers
if [ ! -x "$home/bin/python" ]; then
  python3 -m venv "$home"
  "$home/bin/pip" install --quiet sentencepiece==0.2.3 tiktoken==0.14.0 mistral-common==1.13.1
fi
"$home/bin/python" bench/tokenizers/reference.py "$home/texts"
npx tsx bench/tokenizers/compare.ts "$home/texts"
