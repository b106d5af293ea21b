/** Parses --shard: the part of the data that this process computes signatures of. */
import { ConfigError } from "../../../util/errors.js";

/**
 * Reads `i/n` (from 0), `auto` (both from a Slurm array) or `auto/n` (i from a Slurm array or a
 * Kubernetes indexed job).
 * @throws ConfigError for anything else, or if the scheduler does not set the variables
 */
export function parseShard(
  text: string,
  env: NodeJS.ProcessEnv = process.env,
): { shard: number; shards: number } {
  const match = /^(\d+|auto)(?:\/(\d+))?$/.exec(text);
  if (!match || (match[1] !== "auto" && match[2] === undefined)) {
    throw new ConfigError(`--shard ${text} is invalid`, {
      todo: "use i/n with i from 0 to n - 1, for example 0/16; or auto or auto/n under a scheduler",
    });
  }
  const shard = match[1] === "auto" ? indexFrom(env) : Number(match[1]);
  const shards = match[2] === undefined ? countFrom(env) : Number(match[2]);
  if (shards > 99_999 || shard >= shards) {
    throw new ConfigError(`--shard ${text} is out of range: part ${shard} of ${shards}`, {
      why: "parts are counted from 0, and there can be at most 99999",
      todo: "use i from 0 to n - 1",
    });
  }
  return { shard, shards };
}

function indexFrom(env: NodeJS.ProcessEnv): number {
  const { SLURM_ARRAY_TASK_ID: task, JOB_COMPLETION_INDEX: completion } = env;
  if (task !== undefined) {
    const first = Number(env.SLURM_ARRAY_TASK_MIN ?? 0);
    return (Number(task) - first) / Number(env.SLURM_ARRAY_TASK_STEP ?? 1);
  }
  if (completion !== undefined) return Number(completion);
  throw new ConfigError("--shard auto: no scheduler found", {
    why: "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set",
    todo: "give --shard i/n, or run in a Slurm array or a Kubernetes indexed job",
  });
}

function countFrom(env: NodeJS.ProcessEnv): number {
  if (env.SLURM_ARRAY_TASK_COUNT !== undefined) return Number(env.SLURM_ARRAY_TASK_COUNT);
  throw new ConfigError("--shard auto: the number of parts is unknown", {
    why: "SLURM_ARRAY_TASK_COUNT is not set; Kubernetes does not pass the number of completions to a pod",
    todo: "give the number, for example --shard auto/16",
  });
}
