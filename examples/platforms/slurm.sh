#!/bin/bash
# Trains under Slurm, and goes on by itself after preemption, a time limit or a failed node:
#
#   sbatch examples/platforms/slurm.sh examples/lora.yaml --train_file mine.jsonl
#
# Before: on a disk that all nodes share, run ./tunewright doctor once, so that no job sets it up; and fetch a model of the
# hub where nodes have no network (docs/platforms.md). Submit it in the checkout, or set TUNEWRIGHT to the path of its
# ./tunewright; relative paths are meant from where it is submitted. Whatever follows the script's name goes to `train`.
# Change the lines below to your cluster; a command-line flag of sbatch wins over them. The same command goes on with a run
# that was cancelled.
#
# One task: training is one process.
#SBATCH --job-name=tunewright
# Where your cluster wants them, remove one # each:
##SBATCH --account=ACCOUNT
##SBATCH --partition=PARTITION
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=08:00:00
# For a GPU, remove one #:
##SBATCH --gres=gpu:1
#
# SIGTERM two minutes before the time limit, to what srun started: training saves within seconds and exits with 130.
#SBATCH --signal=TERM@120
# The same job may start again, and then goes on in the same log.
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=tunewright-%j.log

tunewright=${TUNEWRIGHT:-${SLURM_SUBMIT_DIR:-.}/tunewright}
# A run that needs more starts than this is not getting anywhere.
most_restarts=${TUNEWRIGHT_RESTARTS:-100}

# Preemption may send SIGTERM to this script too. It must outlive srun, to hear how training ended.
trap : TERM

echo "$(date +%FT%T) job $SLURM_JOB_ID on $(hostname), restart ${SLURM_RESTART_COUNT:-0}"

# --resume is right the first time too: where there is no checkpoint yet, training starts at step 0. srun passes signals
# on, and ends with training's exit code; a signal to this script would not reach training without it.
srun --kill-on-bad-exit=1 "$tunewright" train "$@" --resume
code=$?

echo "$(date +%FT%T) training ended with $code"
# 130: stopped by a signal, a checkpoint is saved. Requeued unless somebody has cancelled the job (then it is not
# RUNNING any more). Any other code is final: 0 done, 2 and 3 would fail again in the same way.
if [ "$code" -eq 130 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt "$most_restarts" ] &&
  [ "$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T)" = RUNNING ]; then
  echo "requeued"
  scontrol requeue "$SLURM_JOB_ID"
  # Slurm ends this script as it requeues the job; an earlier end would count as the job's.
  sleep 60
fi
exit "$code"
