/** What the queue keeps of a job. */
import { z } from "zod";

export const jobStates = [
  "waiting",
  "checking",
  "running",
  "done",
  "failed",
  "refused",
  "stopped",
] as const;

const jobSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** A run that begins, or one that goes on. */
  kind: z.enum(["train", "resume"]),
  state: z.enum(jobStates),
  /** Directory of its run. */
  directory: z.string(),
  /** As the request had them, to be shown. */
  values: z.record(z.string(), z.unknown()),
  /** The whole configuration that it is started with. */
  config: z.record(z.string(), z.unknown()),
  /** Starts whatever else runs. */
  now: z.boolean(),
  error: z.string().nullable(),
  added: z.number(),
  started: z.number().nullable(),
  pid: z.number().int().nullable(),
});

export type Job = z.output<typeof jobSchema>;

/** What is kept on the disk. */
export const queueSchema = z.object({
  version: z.literal(1),
  paused: z.boolean(),
  jobs: z.array(jobSchema),
});

export type StoredQueue = z.output<typeof queueSchema>;
