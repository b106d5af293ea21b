/**
 * The attempts of a run as W&B sees them: one run with one id, a file for each attempt, and every
 * row of `events.jsonl` in exactly one of the files.
 */
import { randomInt } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { makeFolders } from "../../util/makeFolders.js";
import { decodeRecord } from "./records.js";
import { scanRunFile } from "./runFile.js";

/** Name of the file in a run directory that holds the id and the folders of the attempts. */
export const wandbStateName = "wandb-run.json";

/** A folder of an attempt. */
export interface Fragment {
  /** Absolute. */
  readonly folder: string;
  readonly file: string;
  /** The `_step` of its first row. */
  readonly startingStep: number;
}

/** A run as it is known to W&B. */
export interface RunState {
  readonly id: string;
  /** Of earlier attempts, the first one first. */
  readonly fragments: readonly Fragment[];
}

const stateSchema = z.object({
  id: z.string().min(1),
  attempts: z.array(z.object({ folder: z.string(), starting_step: z.number().int().min(0) })),
});

/** Reads what {@link storeRunState} stored; a new id where there is nothing. */
export function readRunState(runDirectory: string, id = newRunId()): RunState {
  const file = join(runDirectory, wandbStateName);
  if (!existsSync(file)) return { id, fragments: [] };
  const state = stateSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const fragments = state.attempts.map(({ folder, starting_step }) =>
    fragmentOf(resolve(runDirectory, folder), state.id, starting_step),
  );
  return { id: state.id, fragments };
}

/** Stores a run's id and attempts, so that they outlive this process. */
export function storeRunState(runDirectory: string, { id, fragments }: RunState): void {
  const attempts = fragments.map(({ folder, startingStep }) => {
    const inside = relative(resolve(runDirectory), folder);
    const isInside = !inside.startsWith("..") && !isAbsolute(inside);
    return { folder: isInside ? inside : folder, starting_step: startingStep };
  });
  const text = JSON.stringify({ id, attempts }, null, 2);
  writeFileAtomic(join(runDirectory, wandbStateName), `${text}\n`);
}

function fragmentOf(folder: string, id: string, startingStep: number): Fragment {
  return { folder, file: join(folder, `run-${id}.wandb`), startingStep };
}

/**
 * Makes the folder of an attempt: `offline-run-YYYYMMDD_HHMMSS-ID`, in local time as wandb names it.
 * @param time seconds since 1970
 */
export function makeFragment(
  folder: string,
  id: string,
  time: number,
  startingStep: number,
): Fragment {
  makeFolders(folder);
  for (let second = Math.floor(time); ; second++) {
    const path = join(folder, folderName(id, second));
    if (!existsSync(path)) return fragmentIn(path, id, startingStep);
  }
}

/** As `wandb sync` wants a folder to be called; in local time. @param time seconds since 1970 */
export function folderName(id: string, time: number): string {
  return `offline-run-${stamp(new Date(time * 1000))}-${id}`;
}

/** As `wandb sync` does, so that it leaves the files alone. */
export function markSynced(fragments: readonly Fragment[]): void {
  for (const { folder, file } of fragments) {
    if (existsSync(folder)) writeFileSync(`${file}.synced`, "");
  }
}

/** Makes a folder, which does not exist, and that of its media. */
export function fragmentIn(folder: string, id: string, startingStep = 0): Fragment {
  makeFolders(join(folder, "files"));
  return fragmentOf(folder, id, startingStep);
}

function stamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}_${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/** Eight letters and digits, as wandb makes them. */
function newRunId(): string {
  const characters = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length: 8 }, () => characters[randomInt(characters.length)]).join("");
}

/**
 * How many rows the files of earlier attempts hold, from the first on. A file that is gone counts
 * as complete: somebody has uploaded it and tidied up.
 *
 * @param kept rows that are in `events.jsonl`
 */
export function countCovered(fragments: readonly Fragment[], kept: number): number {
  let covered = 0;
  for (const { file, startingStep } of fragments) {
    if (startingStep > covered) return covered;
    if (!existsSync(file)) covered = kept;
    else covered = Math.max(covered, ...rowsOf(file).map(({ step }) => step + 1));
  }
  return Math.min(covered, kept);
}

/**
 * Takes rows out of the files of earlier attempts that lie behind the checkpoint which the run goes
 * on from: they will be done again. The whole file stays beside, as `….wandb.cut-N`.
 *
 * @param from the `_step` of the first row that does not count any more
 */
export function cutFragments(fragments: readonly Fragment[], from: number, attempt: number): void {
  for (const { file } of fragments) {
    if (!existsSync(file)) continue;
    const rows = rowsOf(file);
    const first = rows.findIndex(({ step }) => step >= from);
    if (first < 0) continue;
    copyFileSync(file, `${file}.cut-${attempt}`);
    truncateSync(file, first === 0 ? beginningOf(file) : rows[first - 1]!.end);
  }
}

function rowsOf(file: string): { step: number; end: number }[] {
  return scanRunFile(readFileSync(file)).flatMap(({ bytes, end }) => {
    const record = decodeRecord(bytes);
    return record.type === "history" ? { step: record.step, end } : [];
  });
}

/** The end of the records that say what the run is, before the first values. */
function beginningOf(file: string): number {
  let end = 0;
  for (const record of scanRunFile(readFileSync(file))) {
    if (["summary", "history"].includes(decodeRecord(record.bytes).type)) return end;
    end = record.end;
  }
  return end;
}
