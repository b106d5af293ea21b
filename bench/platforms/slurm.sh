#!/usr/bin/env bash
# slurm.sh: a real Slurm of one node on this machine, and a training that it preempts, requeues and cancels.
#
# Needs root and Debian's slurm-wlm and munge. Starts its own munged, slurmctld and slurmd, with everything in a temporary
# folder and on ports of their own, and ends them. Submits examples/platforms/slurm.sh and checks: SIGTERM by preemption saves,
# 130, requeued, resumed at the saved step in the same log, done; the warning before the time limit does the same; scancel
# saves and does not requeue; wrong configuration ends with 2 and is not requeued. Minutes: Slurm waits before it starts a
# requeued job again.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tunewright=${TUNEWRIGHT:-$root/tunewright}
missing=()
for program in slurmctld slurmd sbatch srun munged; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
  echo "not run: ${missing[*]} missing (apt-get install --no-install-recommends slurm-wlm munge)" >&2
  exit 1
fi
[ "$(id -u)" = 0 ] || { echo "not run: slurmd needs root" >&2; exit 1; }
# The one core of the jobs is for training.
"$tunewright" setup --quiet
work=$(mktemp -d "${TMPDIR:-/tmp}/tunewright-slurm-XXXXXX")
chmod 755 "$work"
mkdir "$work"/{state,spool,munge,job}
export SLURM_CONF=$work/slurm.conf
passed=0
ok() { passed=$((passed + 1)); echo "ok: $*"; }
fail() { echo "FAILED: $*" >&2; tail -n 40 "$work"/job/*.log >&2 || true; exit 1; }
end() {
  scancel --quiet --user=root 2>/dev/null || true
  for file in "$work"/*.pid "$work/munge/pid"; do [ ! -s "$file" ] || kill "$(cat "$file")" 2>/dev/null || true; done
  sleep 2
  rm -rf "$work"
}
trap end EXIT

chmod 700 "$work/munge"
head -c 1024 /dev/urandom >"$work/munge/key"
chmod 600 "$work/munge/key"
socket=$work/munge/socket
munged --force --key-file="$work/munge/key" --socket="$socket" --pid-file="$work/munge/pid" \
  --log-file="$work/munge/log" --seed-file="$work/munge/seed"
host=$(hostname -s)
cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$socket
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/ctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/ctld.log
SlurmdLogFile=$work/slurmd.log
SlurmctldPort=46827
SlurmdPort=46828
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=1,sched_interval=5,bf_interval=5
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
KillWait=120
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=1 RealMemory=4000
PartitionName=low Nodes=$host Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=120
PartitionName=high Nodes=$host PriorityTier=10 PreemptMode=OFF
CONF
slurmctld -c
sleep 2
slurmd
for ((i = 0; i < 30; i++)); do
  if sinfo --noheader --format=%T 2>/dev/null | grep -q idle; then break; fi
  sleep 1
done
sinfo

cd "$work/job"
for ((i = 0; i < 40; i++)); do
  echo '{"messages":[{"role":"user","content":"Count to '$i'."},{"role":"assistant","content":"One, two, three, '$i'."}]}'
done >data.jsonl
# Starts a training of so many steps in its own output_dir; sets `job`.
submit() {
  local name=$1 steps=$2
  shift 2
  job=$(TUNEWRIGHT=$tunewright sbatch --parsable --cpus-per-task=1 --mem=3G --time=60 --partition=low "$@" \
    "$root/examples/platforms/slurm.sh" --model_name_or_path builtin:smollm2-135m --train_file data.jsonl \
    --output_dir "$name" --lora_rank 4 --bf16 true --per_device_train_batch_size 1 --max_steps "$steps" --save_steps 1000 \
    --logging_steps 1 --disable_tqdm true)
}
state() { scontrol show job "$1" | sed -n 's/ *JobState=\([A-Z]*\).*/\1/p'; }
# Waits until a file has a line like that.
await() {
  local pattern=$1 file=$2
  for ((i = 0; i < 600; i++)); do
    if grep -q "$pattern" "$file" 2>/dev/null; then return; fi
    sleep 1
  done
  fail "$file has no line with $pattern"
}
steps_of() { grep -o '"type":"step","step":[0-9]*' "$1/events.jsonl" | grep -o '[0-9]*$'; }
# Slurm waits two minutes before it starts a requeued job; an administrator can end the wait.
hurry() { scontrol update jobid="$1" starttime=now; }

echo "== preempted by a job of higher priority"
submit preempted 8
await '"type":"step","step":2' preempted/events.jsonl
sbatch --parsable --partition=high --cpus-per-task=1 --mem=100M --output=high.log --wrap 'echo here first' >/dev/null
await 'training ended with 130' "tunewright-$job.log"
await 'requeued' "tunewright-$job.log"
await 'here first' high.log
checkpoint=$(ls -d preempted/checkpoint-*)
ok "SIGTERM, $checkpoint, 130, requeued; the other job ran"
for ((i = 0; i < 60 && $(state "$job" | grep -c PENDING) == 0; i++)); do sleep 1; done
hurry "$job"
await 'training ended with 0' "tunewright-$job.log"
grep -q 'restart 1' "tunewright-$job.log" || fail "no restart"
[ "$(steps_of preempted | sort -n | uniq | tr '\n' ' ')" = "1 2 3 4 5 6 7 8 " ] || fail "steps: $(steps_of preempted)"
grep -q '"type":"resume"' preempted/events.jsonl || fail "no resume"
ok "resumed from there, each of the 8 steps once"

echo "== the warning before the time limit"
submit limited 100000 --time=4 --signal=TERM@150
await 'training ended with 130' "tunewright-$job.log"
await 'requeued' "tunewright-$job.log"
ok "$(ls -d limited/checkpoint-*), requeued before the limit"
scancel "$job"

echo "== cancelled by its user"
submit cancelled 100000
await '"type":"step","step":1,' cancelled/events.jsonl
scancel "$job"
for ((i = 0; i < 150; i++)); do
  if [ "$(state "$job")" = CANCELLED ] && [ -z "$(squeue --noheader --jobs="$job")" ]; then break; fi
  sleep 1
done
[ "$(state "$job")" = CANCELLED ] || fail "it is $(state "$job")"
if grep -q requeued "tunewright-$job.log"; then fail "it was requeued"; fi
ok "$(ls -d cancelled/checkpoint-*), not requeued"

echo "== wrong configuration"
submit wrong 8 --export=ALL
scancel "$job"
job=$(TUNEWRIGHT=$tunewright sbatch --parsable --cpus-per-task=1 --mem=3G "$root/examples/platforms/slurm.sh" --no_such_key 1)
await 'training ended with 2' "tunewright-$job.log"
for ((i = 0; i < 30; i++)); do [ "$(state "$job")" = FAILED ] && break; sleep 1; done
[ "$(state "$job")" = FAILED ] || fail "it is $(state "$job")"
ok "final"

echo
echo "$passed passed, 0 failed"
