/** The output files of a cleaning run in progress, and the state from which a killed run resumes. */
import { createHash } from "node:crypto";
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { writeAllAt } from "../../util/atomicFile.js";
import { ConfigError } from "../../util/errors.js";
import { makeFolders } from "../../util/makeFolders.js";
import type { CleanedBatch } from "./batchCleaner.js";
import { addReport, type CleanReport } from "./report.js";

/** Names of what a run writes. */
export interface CleanPaths {
  out: string;
  rejected: string;
  report: string;
  /** There while the run is not complete; no folder's rows are read from a file of that name. */
  progress: string;
}

export function cleanPaths(out: string): CleanPaths {
  return {
    out,
    rejected: `${out}.rejected.jsonl`,
    report: `${out}.report.json`,
    progress: `${out}.state.json`,
  };
}

/** What the progress file holds. */
interface SavedProgress {
  /** Identifies runs with the same output. */
  run: string;
  out_bytes: number;
  rejected_bytes: number;
  report: CleanReport;
}

export interface CleanOutput {
  /** Counts of the rows written so far; `rows_in` is where to resume. */
  readonly report: CleanReport;
  write(batch: CleanedBatch): Promise<void>;
  /** Saves progress: a later run resumes from here. */
  save(): Promise<void>;
  /** Gives the files their names. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** A number for a run: the same inputs, pipeline and limit give the same. */
export function runHash(description: unknown): string {
  return createHash("sha256").update(JSON.stringify(description)).digest("hex");
}

/**
 * Opens the `.part` files: cut to where the same run got to, or empty.
 * @param run {@link runHash}
 * @param empty the report to begin with
 * @throws ConfigError when they cannot be written
 */
export async function openCleanOutput(
  paths: CleanPaths,
  run: string,
  empty: CleanReport,
  { restart = false }: { restart?: boolean | undefined } = {},
): Promise<CleanOutput> {
  const saved = restart ? undefined : await readProgress(paths, run);
  const report = saved?.report ?? empty;
  let lengths = [saved?.out_bytes ?? 0, saved?.rejected_bytes ?? 0];
  const handles: FileHandle[] = [];
  try {
    makeFolders(dirname(paths.out));
    for (const path of Object.values(paths)) await refuseFolder(path);
    if (!saved) await rm(paths.progress, { force: true });
    for (const [index, path] of [paths.out, paths.rejected].entries()) {
      const handle = await open(part(path), saved ? "r+" : "w");
      handles.push(handle);
      await handle.truncate(lengths[index]!);
    }
  } catch (cause) {
    for (const handle of handles) await handle.close();
    throw new ConfigError(`${paths.out} cannot be written`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "choose another --out",
      cause,
    });
  }
  const save = async () => {
    for (const handle of handles) await handle.datasync();
    const [outBytes, rejectedBytes] = lengths;
    const progress: SavedProgress = {
      run,
      out_bytes: outBytes!,
      rejected_bytes: rejectedBytes!,
      report,
    };
    await writeFile(part(paths.progress), JSON.stringify(progress));
    await rename(part(paths.progress), paths.progress);
  };
  const close = async () => {
    for (const handle of handles.splice(0)) await handle.close();
  };
  return {
    report,
    async write({ kept, rejected, report: more }) {
      for (const [index, bytes] of [kept, rejected].entries()) {
        await writeAllAt(handles[index]!, bytes, lengths[index]!);
      }
      lengths = [lengths[0]! + kept.length, lengths[1]! + rejected.length];
      addReport(report, more);
    },
    save,
    async finish() {
      await save();
      await close();
      await writeFile(part(paths.report), `${JSON.stringify(report, null, 2)}\n`);
      await rename(part(paths.report), paths.report);
      if (report.rows_rejected > 0) await rename(part(paths.rejected), paths.rejected);
      else
        for (const path of [part(paths.rejected), paths.rejected]) await rm(path, { force: true });
      await rename(part(paths.out), paths.out);
      await rm(paths.progress, { force: true });
    },
    close,
  };
}

/** A folder would be noticed only when the file gets its name, at the end. */
async function refuseFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new Error(`${path} is a folder`);
}

/** What the same run saved; undefined where there is none, or its files are not as it left them. */
async function readProgress(paths: CleanPaths, run: string): Promise<SavedProgress | undefined> {
  let saved: SavedProgress;
  try {
    saved = JSON.parse(await readFile(paths.progress, "utf8"));
    if (saved.run !== run) return undefined;
    const { size: outSize } = await stat(part(paths.out));
    const { size: rejectedSize } = await stat(part(paths.rejected));
    return outSize >= saved.out_bytes && rejectedSize >= saved.rejected_bytes ? saved : undefined;
  } catch {
    return undefined;
  }
}

/** The name of a file until it is complete. */
function part(path: string): string {
  return `${path}.part`;
}
