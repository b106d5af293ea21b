/** Statistics of files, computed once and kept beside the server's runs. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { isRecord } from "../../util/isRecord.js";
import { makeFolders } from "../../util/makeFolders.js";
import { errorText } from "../errorText.js";
import { pathId } from "../pathId.js";
import type { DataStats } from "../schema.js";
import type { TextChoice, TextProcess } from "../text/index.js";

export interface StatsTable {
  /** The statistics, or how far they are; asking for them begins them. */
  of(path: string, text: TextChoice): DataStats;
}

const begun: DataStats = { progress: 0, stats: null, findings: [], error: null };

/** Failed attempts are forgotten after so many milliseconds, so that a file that was mended is read again. */
const failedFor = 5000;

/** @param folder where finished statistics are kept */
export function createStatsTable(folder: string, process: TextProcess): StatsTable {
  const running = new Map<string, DataStats>();
  const compute = async (key: string, path: string, text: TextChoice) => {
    try {
      const done = await process.run("stats", { path, text }, (progress) => {
        running.set(key, { ...begun, progress: Math.min(0.99, progress) });
      });
      makeFolders(folder);
      writeFileAtomic(fileOf(folder, key), JSON.stringify(done), { durable: false });
      running.delete(key);
    } catch (error) {
      running.set(key, { ...begun, progress: 1, error: errorText(error) });
      setTimeout(() => running.delete(key), failedFor).unref();
    }
  };
  return {
    of(path, text) {
      const { size, mtimeMs } = statSync(path);
      const key = pathId(JSON.stringify([path, size, mtimeMs, text]));
      const known = running.get(key) ?? readKept(fileOf(folder, key));
      if (known) return known;
      running.set(key, begun);
      void compute(key, path, text);
      return begun;
    },
  };
}

function fileOf(folder: string, key: string): string {
  return join(folder, `${key}.json`);
}

function readKept(file: string): DataStats | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (!isRecord(value) || !isRecord(value.stats) || !Array.isArray(value.findings))
      return undefined;
    const { stats, findings } = value as Pick<DataStats, "stats" | "findings">;
    return { progress: 1, stats, findings, error: null };
  } catch {
    return undefined;
  }
}
