/** What a run directory remembers of its runs at tracking servers: `tracking/NAME.json`. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { makeFolders } from "../../util/makeFolders.js";
import type { SavedRun } from "./service.js";

export function readSavedRun(runDirectory: string, service: string): SavedRun | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(runDirectory, service), "utf8")) as SavedRun;
  } catch {
    return undefined;
  }
}

export function writeSavedRun(runDirectory: string, service: string, saved: SavedRun): void {
  const path = pathOf(runDirectory, service);
  makeFolders(dirname(path));
  writeFileAtomic(path, `${JSON.stringify(saved, null, 2)}\n`);
}

function pathOf(runDirectory: string, service: string): string {
  return join(runDirectory, "tracking", `${service}.json`);
}
