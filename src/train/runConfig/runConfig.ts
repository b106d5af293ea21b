/** The `config.json` of a run: each resolved value, and where it came from. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../util/atomicFile.js";
import type { LoadedConfig } from "../config/index.js";

/** What {@link writeRunConfig} stores. */
export interface RunConfig extends Pick<LoadedConfig, "config" | "origins" | "notes"> {
  /** Facts that are not configuration, such as versions and the device. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/**
 * Stores the configuration under the key `tunewright` of `config.json`. A fully trained model keeps
 * its own `config.json` at the same place, so other keys of the file stay.
 */
export function writeRunConfig(runDirectory: string, run: RunConfig): void {
  const file = join(runDirectory, "config.json");
  const present = readJson(file);
  writeFileAtomic(file, `${JSON.stringify({ ...present, tunewright: run }, null, 2)}\n`);
}

const storedSchema = z.looseObject({
  config: z.record(z.string(), z.unknown()),
  origins: z.record(z.string(), z.string()).optional(),
  facts: z.record(z.string(), z.unknown()).optional(),
});

/** What {@link readRunConfig} finds: an earlier version may have had other keys. */
export type StoredRunConfig = z.output<typeof storedSchema>;

/** Reads back what {@link writeRunConfig} stored; `undefined` where there is none. */
export function readRunConfig(runDirectory: string): StoredRunConfig | undefined {
  const stored = readJson(join(runDirectory, "config.json"))?.tunewright;
  return storedSchema.safeParse(stored).data;
}

function readJson(file: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
