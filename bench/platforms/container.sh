#!/usr/bin/env bash
# container.sh: builds the image of examples/platforms/Containerfile and stops and resumes a training in it.
#
# Needs root, podman, buildah and debootstrap (Debian's packages): the base image is a Debian that debootstrap makes, since
# no registry is needed or asked. Nothing of it touches this machine's own images. A bundle is made, or taken from
# BUNDLE=FOLDER; DEBIAN_TAR=FILE is another base image. The training runs as a user without a name, without HOME, network, or a writable root file system, and with
# 64 KB of /dev/shm; as process 1, without an init. Prints what it saw.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
needed=(podman buildah crun)
[ -n "${DEBIAN_TAR-}" ] || needed+=(debootstrap)
missing=()
for program in "${needed[@]}"; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
  echo "not run: ${missing[*]} missing (apt-get install --no-install-recommends podman buildah debootstrap crun)" >&2
  exit 1
fi
[ "$(id -u)" = 0 ] || { echo "not run: mounts and images need root" >&2; exit 1; }
# crun refuses a system with both versions of cgroups; of its own mounts, this script sees the first alone.
if [ -z "${TUNEWRIGHT_INSIDE-}" ]; then TUNEWRIGHT_INSIDE=1 exec unshare --mount -- "$0" "$@"; fi
if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
work=$(mktemp -d "${TMPDIR:-/tmp}/tunewright-container-XXXXXX")
passed=0
ok() { passed=$((passed + 1)); echo "ok: $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
cat >"$work/storage.conf" <<CONF
[storage]
driver = "overlay"
runroot = "$work/run"
graphroot = "$work/root"
CONF
export CONTAINERS_STORAGE_CONF=$work/storage.conf
pod() { podman --cgroup-manager=cgroupfs "$@"; }
end() {
  pod rm --all --force >/dev/null 2>&1 || true
  umount "$work/root/overlay" 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT

echo "== base image"
if [ -n "${DEBIAN_TAR-}" ]; then
  podman import --quiet "$DEBIAN_TAR" localhost/debian:13
else
  debootstrap --variant=minbase trixie "$work/debian" >"$work/debootstrap.log" 2>&1
  tar -C "$work/debian" --exclude=./var/cache/apt/archives -c . | podman import --quiet - localhost/debian:13
fi
mkdir "$work/image" "$work/volume"
if [ -n "${BUNDLE-}" ]; then cp -a "$BUNDLE" "$work/image/tunewright"; else "$root/tunewright" bundle --out "$work/image/tunewright"; fi

echo "== building, without a network"
unshare --net -- buildah bud --isolation chroot --build-arg BASE=localhost/debian:13 \
  -f "$root/examples/platforms/Containerfile" -t localhost/tunewright "$work/image"

# cgroups are left alone, and limits as they are: this may run inside a container itself.
options=(--ulimit "nofile=$(ulimit -Sn):$(ulimit -Hn)" --ulimit nproc=1024:1024 --cgroups=disabled --network=none --read-only --read-only-tmpfs=false --tmpfs "/tmp:rw,size=64m"
  --shm-size=64k --user 54321:0 --unsetenv HOME -v "$work/volume:/work")
# What Kubeflow's operator sets.
options+=(--env WORLD_SIZE=1 --env RANK=0 --env MASTER_ADDR=job-master-0 --env MASTER_PORT=23456 --env PYTHONUNBUFFERED=1)
chmod 777 "$work/volume"
for ((i = 0; i < 40; i++)); do
  echo '{"messages":[{"role":"user","content":"Count to '$i'."},{"role":"assistant","content":"One, two, three, '$i'."}]}'
done >"$work/volume/mine.jsonl"
run() {
  local name=$1
  shift
  pod run --name "$name" "${options[@]}" "$@" localhost/tunewright train --model_name_or_path builtin:smollm2-135m --train_file mine.jsonl \
    --output_dir output --lora_rank 4 --bf16 true --per_device_train_batch_size 1 --max_steps 8 --logging_steps 1 \
    --save_steps 1000 --disable_tqdm true --resume
}

echo "== doctor"
pod run --rm "${options[@]}" localhost/tunewright doctor --no-measure
ok "doctor"

echo "== podman stop"
run first --detach >/dev/null
for ((i = 0; i < 600; i++)); do
  if grep -q '"type":"step","step":2' "$work/volume/output/events.jsonl" 2>/dev/null; then break; fi
  sleep 1
done
from=$(date +%s%3N)
pod stop --time 60 first >/dev/null
milliseconds=$(($(date +%s%3N) - from))
code=$(pod inspect --format '{{.State.ExitCode}}' first)
pod logs first
[ "$code" = 130 ] || fail "exit code $code"
checkpoint=$(basename "$(ls -d "$work"/volume/output/checkpoint-*)")
ok "exit code 130 and $checkpoint, $milliseconds ms after podman stop"

echo "== resumed"
run second
[ "$(pod inspect --format '{{.State.ExitCode}}' second)" = 0 ] || fail "the second run failed"
steps=$(grep -o '"type":"step","step":[0-9]*' "$work/volume/output/events.jsonl" | grep -o '[0-9]*$' | sort -n | uniq | tr '\n' ' ')
[ "$steps" = "1 2 3 4 5 6 7 8 " ] || fail "steps $steps"
ok "each of the 8 steps once, owner $(stat -c %u:%g "$work/volume/output/adapter_model.safetensors")"

echo
echo "$passed passed, 0 failed"
