/** Before and after: what a run began from, and what came of it. */
import type { CatalogueEntry } from "../../../../src/serve/schema";

export interface BeforeAfter {
  run: string;
  title: string;
  /** Ids of the catalogue; a base that it does not have is named. */
  models: [before: string, after: string];
}

/** For each run that left something behind its result, or its last checkpoint where it has none yet. */
export function beforeAndAfter(catalogue: readonly CatalogueEntry[]): BeforeAfter[] {
  const runs = new Map<string, CatalogueEntry>();
  for (const entry of catalogue) {
    if (entry.run === null || entry.base === null) continue;
    const best = runs.get(entry.run);
    if (!best || rank(entry) > rank(best)) runs.set(entry.run, entry);
  }
  return [...runs.values()].map((after) => ({
    run: after.run!,
    title: after.title,
    models: [after.base!, after.id],
  }));
}

function rank({ step }: CatalogueEntry): number {
  return step ?? Number.POSITIVE_INFINITY;
}
