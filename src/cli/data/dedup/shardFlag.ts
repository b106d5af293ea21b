/** Which part of the data this process makes signatures of. */
import { ConfigError } from "../../../util/errors.js";

/**
 * Reads `i/n` (from 0), `auto` (both from a Slurm array) or `auto/n` (i from a Slurm array or a
 * Kubernetes indexed job).
 * @throws ConfigError for anything else, or where the scheduler does not say
 */
export function parseShard(
  text: string,
  env: NodeJS.ProcessEnv = process.env,
): { shard: number; shards: number } {
  const match = /^(\d+|auto)(?:\/(\d+))?$/.exec(text);
  if (!match || (match[1] !== "auto" && match[2] === undefined)) {
    throw new ConfigError(`--shard ${text} is no part`, {
      todo: "use i/n with i from 0 to n - 1, such as 0/16, or auto or auto/n under a scheduler",
    });
  }
  const shard = match[1] === "auto" ? indexFrom(env) : Number(match[1]);
  const shards = match[2] === undefined ? countFrom(env) : Number(match[2]);
  if (shards > 99_999 || shard >= shards) {
    throw new ConfigError(`--shard ${text} is part ${shard} of ${shards}`, {
      why: "parts count from 0, and there are 99999 at most",
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
  throw new ConfigError("--shard auto finds no scheduler", {
    why: "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set",
    todo: "give --shard i/n, or run in a Slurm array or a Kubernetes indexed job",
  });
}

function countFrom(env: NodeJS.ProcessEnv): number {
  if (env.SLURM_ARRAY_TASK_COUNT !== undefined) return Number(env.SLURM_ARRAY_TASK_COUNT);
  throw new ConfigError("--shard auto does not know of how many parts", {
    why: "SLURM_ARRAY_TASK_COUNT is not set; Kubernetes does not tell a pod the completions",
    todo: "give the number: --shard auto/16",
  });
}
