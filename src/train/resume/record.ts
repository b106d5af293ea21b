/** `run.json` in a checkpoint: what the run was, to compare with what would go on from it. */
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { readVersioned } from "../versionedFile.js";

const recordName = "run.json";

const stateSchema = z.object({
  bytes: z.number().int().min(0),
  /** Time of the last change, nanoseconds, as a decimal number. */
  modified: z.string(),
  /** SHA-256 of the whole file, or of parts spread evenly. */
  content: z.string(),
  checked: z.enum(["whole", "parts"]),
});

const fileSchema = stateSchema.extend({
  /** As it was named. */
  file: z.string(),
});

const dataSchema = z.object({
  /** How much is taken of each source, and how it is read; empty where all of them are paths alone. */
  sources: z.array(z.record(z.string(), z.unknown())),
  /** All files, or streams, in order. */
  files: z.array(
    z.object({
      file: z.string(),
      /** Absent for a stream. */
      rows: z.number().int().min(0).optional(),
      /** Absent for what can be read only once, and for addresses. */
      state: stateSchema.optional(),
    }),
  ),
});

const recordSchema = z.object({
  version: z.literal(1),
  /** The resolved configuration. */
  config: z.record(z.string(), z.unknown()),
  /** What may change the last digits. */
  machine: z.object({
    tunewright: z.string(),
    libtorch: z.string(),
    device: z.string(),
    /** Kind of GPU, or the instructions that libtorch uses on a CPU. */
    processor: z.string(),
    threads: z.number().int().min(1),
  }),
  processes: z.number().int().min(1),
  /** Files of the base model; absent where the checkpoint holds the whole model. */
  model: z.array(fileSchema).optional(),
  /** What texts become ids with. */
  text: z.object({
    template: z.string(),
    variables: z.record(z.string(), z.unknown()).optional(),
    files: z.array(fileSchema),
  }),
  data: z.object({ train: dataSchema, eval: dataSchema.optional() }),
});

/** A file as it was. */
export type FileRecord = z.output<typeof fileSchema>;
export type DataRecord = z.output<typeof dataSchema>;
export type RunRecord = z.output<typeof recordSchema>;

export function writeRunRecord(directory: string, record: RunRecord): void {
  writeFileSync(path.join(directory, recordName), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * @returns nothing for a checkpoint of a version that wrote none
 * @throws CheckpointError where it is not what this version knows
 */
export function readRunRecord(directory: string): RunRecord | undefined {
  const file = path.join(directory, recordName);
  if (!existsSync(file)) return undefined;
  return readVersioned(file, recordSchema, { newest: 1, known: "version 1" });
}
