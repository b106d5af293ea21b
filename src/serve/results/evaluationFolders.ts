/** Where evaluations lie: folders in which `eval --output` wrote results.json. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { statsOf } from "../../util/missingPath.js";
import { realPath } from "../../util/outPlace.js";

/** Folders below a given one that are looked at. */
const depth = 5;

/** Parts of another evaluation, and folders that hold none. */
const skipped = /^(?:\..*|node_modules|checkpoint-\d+.*|seed-\d+|wandb)$/;

/**
 * Walks through folders.
 *
 * @returns each folder with an evaluation; undefined for every other that was looked at
 */
export function* walkEvaluations(roots: readonly string[]): Generator<string | undefined> {
  const seen = new Set<string>();
  const waiting = roots.map((folder) => ({ folder, left: depth })).reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { folder, left } = next;
    const real = realPath(folder);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    const isEvaluation = statsOf(join(real, "results.json"))?.isFile() ?? false;
    yield isEvaluation ? real : undefined;
    if (left === 0) continue;
    for (const name of foldersIn(real).reverse()) {
      if (skipped.test(name) || (isEvaluation && name === "base")) continue;
      waiting.push({ folder: join(real, name), left: left - 1 });
    }
  }
}

/** A folder that may not be read, or is gone by now, holds none. */
function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}
