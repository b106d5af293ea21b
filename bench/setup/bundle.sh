#!/usr/bin/env bash
# bundle.sh [FILE.tar.gz]: makes a bundle (or takes that one) and uses it as a machine without a network would.
#
# The bundle is unpacked into an empty folder, in a network namespace that has no way out, without HOME, caches or
# environment, with a PATH that has the tools of a bare system and neither Node.js, Python, npm nor a compiler. There:
# doctor, a short training, the same run resumed, a chat. Then what must be refused: a cut archive, a damaged file, a
# full disk while bundling, an existing name. Needs root (namespaces); some 4 minutes on two cores. Prints what it saw.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/tunewright-bundle-XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0
say() { printf '\n== %s\n' "$*"; }
ok() { passed=$((passed + 1)); echo "ok: $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

archive=${1-}
if [ -z "$archive" ]; then
  say "bundling"
  archive=$work/tunewright.tar.gz
  "$root/tunewright" bundle --out "$archive"
fi
archive=$(readlink -f "$archive")
echo "archive: $(($(stat -c %s "$archive") / 1000000)) MB"

say "unpacking"
mkdir "$work/there" "$work/bin"
tar -xf "$archive" -C "$work/there"
folder=$(echo "$work/there"/*)
for secret in .git .env .npmrc .tunewright output .venv; do
  [ ! -e "$folder/$secret" ] || fail "$secret is in the bundle"
done
ok "no .git, .env, .npmrc, .tunewright, output or .venv inside"
for tool in sh dirname readlink find flock tar cat ls env sleep; do
  ln -s "$(command -v "$tool")" "$work/bin/$tool"
done

# Runs a command of the unpacked Tunewright on the machine without anything.
alone() {
  # shellcheck disable=SC2016 # for the shell inside
  unshare --net -- env -i PATH="$work/bin" TMPDIR="$work/tmp" sh -c 'cd "$0" && exec "$@"' "$folder" ./tunewright "$@"
}
mkdir "$work/tmp"
cat >"$work/there/data.jsonl" <<'ROWS'
{"messages":[{"role":"user","content":"What is your name?"},{"role":"assistant","content":"I am a small model."}]}
{"messages":[{"role":"user","content":"你是谁？"},{"role":"assistant","content":"我是一个小模型。"}]}
{"messages":[{"role":"user","content":"Say yes."},{"role":"assistant","content":"Yes."}]}
{"messages":[{"role":"user","content":"Say no."},{"role":"assistant","content":"No."}]}
ROWS

say "no way out"
if unshare --net -- sh -c 'tail -n +3 /proc/net/dev' | grep -v '^ *lo:'; then fail "there is a network"; fi
ok "only lo"

say "doctor, which sets up first"
alone doctor --no-measure
ok "doctor"

say "train, stop, resume, chat"
train=(train --model_name_or_path builtin:smollm2-135m --train_file "$work/there/data.jsonl" --output_dir "$work/run"
  --lora_rank 4 --bits 4 --bf16 true --per_device_train_batch_size 2 --logging_steps 1 --save_steps 1)
alone "${train[@]}" --max_steps 2 --json >"$work/first.json"
alone "${train[@]}" --max_steps 4 --resume --json >"$work/second.json"
grep -q '"steps": 4' "$work/second.json" || fail "the resumed run has not 4 steps"
printf 'Who are you?\n' >"$work/turns.txt"
alone chat --model "$work/run" --script "$work/turns.txt" --max_new_tokens 8 --json >"$work/chat.json"
grep -q '"role": "assistant"' "$work/chat.json" || fail "the chat has no answer"
ok "4 steps in two runs, and an answer"

say "moved to another place"
mv "$folder" "$work/there/moved"
folder=$work/there/moved
alone doctor --no-measure >/dev/null
ok "doctor"

say "refusals"
printf x | dd of="$folder/bundle/site/torch/lib/libc10.so" bs=1 seek=5000 conv=notrunc status=none
rm -r "$folder/.tunewright"
if alone doctor --no-measure 2>"$work/said"; then fail "a damaged library was taken"; fi
grep -q 'libc10.so is damaged' "$work/said" || fail "the damaged file is not named: $(cat "$work/said")"
ok "a damaged library is named"
if "$root/tunewright" bundle --out "$archive" 2>"$work/said"; then fail "an existing bundle was replaced"; fi
grep -q 'add --force' "$work/said" || fail "$(cat "$work/said")"
ok "an existing name is refused"
mkdir "$work/full"
mount -t tmpfs -o size=200m tmpfs "$work/full"
trap 'umount "$work/full"; rm -rf "$work"' EXIT
if "$root/tunewright" bundle --out "$work/full/b" 2>"$work/said"; then fail "it fitted"; fi
grep -q 'no room for the bundle' "$work/said" || fail "$(cat "$work/said")"
[ -z "$(ls -A "$work/full")" ] || fail "something was left: $(ls -A "$work/full")"
ok "a full disk is refused before, and nothing is left"

echo
echo "$passed passed, 0 failed"
