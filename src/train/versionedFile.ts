/** Files of a checkpoint that carry a version: read once, judged in one way. */
import { readFileSync } from "node:fs";
import type { z } from "zod";
import { CheckpointError } from "../util/errors.js";

/**
 * Reads JSON that this version of Tunewright may not be the first or the last to know.
 *
 * @param newest version that `schema` knows
 * @param known what to call the versions that it knows, in an error
 * @throws CheckpointError where the file cannot be read, is newer, or is not what `schema` says
 */
export function readVersioned<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  { newest, known }: { newest: number; known: string },
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new CheckpointError(`${file} cannot be read`, { why: (cause as Error).message, cause });
  }
  const version: unknown = Object(value).version;
  if (typeof version === "number" && version > newest) {
    throw new CheckpointError(`${file} has version ${version}`, {
      why: `it was written by a newer version of Tunewright; this one reads ${known}`,
      todo: "resume with that version of Tunewright, or start a new run",
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path: place, message }] = parsed.error.issues as [z.core.$ZodIssue];
  throw new CheckpointError(`${file} is damaged`, {
    why: `${place.join(".") || "it"}: ${message}`,
    todo: "resume from an earlier checkpoint: --resume DIRECTORY/checkpoint-N",
  });
}
