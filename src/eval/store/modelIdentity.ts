/** By what an answer belongs to a model: the same files, used in the same way. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";

/** Files of a model or adapter that its answers depend on. */
const counting = /\.(safetensors|bin|gguf|json|jinja|model|tiktoken|txt)$/;

/** Files that a run or an evaluation writes beside a model. */
const besides = /^(results|result|trainer_state|evaluation.*)\.json$/;

/** Bytes of a file that are compared: whole configurations, and the headers of weights. */
const COMPARED = 2 ** 16;

/** A model, as far as its answers depend on it. */
export interface ModelUse {
  /** Directory of the weights, or a GGUF file. */
  path: string;
  /** Directories of adapters, the lowest first, and how much each counts. */
  adapters: readonly string[];
  weights: readonly number[];
  /** Whatever else answers depend on: data type, device, template, versions. */
  settings: Readonly<Record<string, unknown>>;
}

/**
 * A hash that is another one where a file of the model or of an adapter was changed, by size, time or
 * first bytes, or where it is used in another way. @throws what the file system throws
 */
export function modelIdentity({ path, adapters, weights, settings }: ModelUse): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([settings, weights]));
  for (const place of [path, ...adapters]) {
    for (const file of filesIn(place)) {
      const { size, mtimeMs } = statSync(file);
      hash.update(JSON.stringify([basename(file), size, mtimeMs]));
      hash.update(firstBytes(file));
    }
  }
  return hash.digest("hex");
}

function filesIn(place: string): string[] {
  if (statSync(place).isFile()) return [place];
  return readdirSync(place)
    .filter((name) => counting.test(name) && !besides.test(name))
    .sort()
    .map((name) => join(place, name))
    .filter((file) => statSync(file).isFile());
}

function firstBytes(file: string): Buffer {
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(COMPARED);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, COMPARED, 0));
  } finally {
    closeSync(descriptor);
  }
}
