/** Compares the rows that a run goes on with with those that its checkpoint was trained on. */
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { changeOf } from "../../data/index.js";
import { DataError } from "../../util/errors.js";
import type { TrainingConfig } from "../config/index.js";
import { type Differences, noDifferences } from "./differences.js";
import type { DataRecord } from "./record.js";

type DataFile = DataRecord["files"][number];

/**
 * What a checkpoint keeps of its data.
 *
 * @param given `train_file` or `eval_file`
 * @param files as they were opened
 */
export function recordData(
  given: TrainingConfig["train_file"],
  files: readonly DataFile[],
): DataRecord {
  const shares = given.map((source) => {
    if (typeof source === "string") return {};
    const { path: _path, ...share } = source;
    return JSON.parse(JSON.stringify(share)) as Record<string, unknown>;
  });
  const isPlain = shares.every((share) => Object.keys(share).length === 0);
  return {
    // Paths alone are one long list of rows, however many of them there are.
    sources: isPlain ? [] : shares,
    files: files.map(({ file, rows, state }) => {
      return { file, ...(rows === undefined ? {} : { rows }), ...(state ? { state } : {}) };
    }),
  };
}

/** A difference: what, why it matters, and how to go back. */
interface Change {
  what: string;
  why: string;
  back: string;
}

const otherOrder =
  "the order of an epoch is a shuffle of all its rows, so some would come twice and others not at all";

/**
 * @param key what names the files
 * @param accepts whether changed data is only told
 */
export async function compareData(
  key: "train_file" | "eval_file",
  before: DataRecord,
  now: DataRecord,
  accepts: boolean,
): Promise<Differences> {
  const found = noDifferences();
  for (const change of await changesOf(key, before, now, (line) => void found.lines.push(line))) {
    const { what, why, back } = change;
    if (accepts) {
      found.lines.push(`${what}: ${why}.`);
      found.changesCourse ||= key === "train_file";
    } else {
      const todo = `${back}; or go on knowingly with --resume_changes all`;
      found.refusals.push(new DataError(what, { why, todo }));
    }
  }
  return found;
}

/** The same for other held-out rows: what was measured on them cannot be compared, and no more. */
export async function compareEvalData(
  before: DataRecord,
  now: DataRecord,
  accepts: boolean,
): Promise<Differences> {
  const names = ({ files }: DataRecord) => files.map(({ file }) => path.resolve(file)).join("\n");
  if (names(before) === names(now)) return compareData("eval_file", before, now, accepts);
  const [changed] = await changesOf("eval_file", before, now, () => {});
  if (!changed) return noDifferences();
  const line =
    "eval_file is another: held-out losses before and after this checkpoint are not of the same rows.";
  return { refusals: [], lines: [line], changesCourse: false };
}

async function changesOf(
  key: string,
  before: DataRecord,
  now: DataRecord,
  say: (line: string) => void,
): Promise<Change[]> {
  const [was, is] = [before.sources, now.sources].map((shares) => JSON.stringify(shares));
  if (was !== is) {
    const what = `The shares of ${key} are ${is}, but the checkpoint was trained with ${was}`;
    return [{ what, why: otherOrder, back: "give them as before" }];
  }
  const pairs = await matchFiles(before.files, now.files, say);
  if (Array.isArray(pairs)) return pairs;
  const { added, missing } = pairs;
  const changes: Change[] = [];
  for (const { file, rows } of added) {
    const count = rows === undefined ? "" : ` (${rows} rows)`;
    changes.push({
      what: `${key} names a file that the checkpoint was not trained on: ${file}${count}`,
      why: otherOrder,
      back: "name the files without it, and train on it in a run of its own",
    });
  }
  for (const { file, rows } of missing) {
    const count = rows === undefined ? "" : ` (${rows} rows)`;
    changes.push({
      what: `${key} lacks a file that the checkpoint was trained on: ${file}${count}`,
      why: otherOrder,
      back: "put it back, or name it again",
    });
  }
  if (changes.length > 0) return changes;
  const order = before.files.map(({ file }) => file).join(", ");
  return [
    {
      what: `The files of ${key} come in another order than before the checkpoint`,
      why: "rows are numbered through the files, and the order of an epoch is a shuffle of the numbers",
      back: `name them as before: ${order}`,
    },
  ];
}

/** Pairs files by their places; where that fails, tells which are added and missing. */
async function matchFiles(
  before: readonly DataFile[],
  now: readonly DataFile[],
  say: (line: string) => void,
): Promise<Change[] | { added: DataFile[]; missing: DataFile[] }> {
  const added = now.filter((one) => !before.some((other) => isOne(other, one)));
  const missing = before.filter((one) => !now.some((other) => isOne(one, other)));
  const isInPlace = before.length === now.length && before.every((one, i) => isOne(one, now[i]!));
  if (!isInPlace) return { added, missing };
  const changes: Change[] = [];
  for (const [i, one] of before.entries()) {
    const change = await contentChange(one, now[i]!, say);
    if (change) changes.push(change);
  }
  return changes;
}

/** Whether two records are of one file, changed perhaps: by content, or by name; a pipe may have any name. */
function isOne(before: DataFile, now: DataFile): boolean {
  if (!before.state && !now.state) return true;
  return isSameContent(before, now) || path.resolve(before.file) === path.resolve(now.file);
}

function isSameContent({ state: one }: DataFile, { state: other }: DataFile): boolean {
  return one !== undefined && one.bytes === other?.bytes && one.content === other.content;
}

async function contentChange(
  before: DataFile,
  now: DataFile,
  say: (line: string) => void,
): Promise<Change | undefined> {
  const { file } = now;
  if (!before.state || !now.state) {
    say(`${file}: whether a stream gives the same rows as before cannot be told.`);
    return undefined;
  }
  if (isSameContent(before, now)) {
    const { checked, modified } = now.state;
    if (checked === "parts" && modified !== before.state.modified) {
      say(
        `${file} was touched since the checkpoint: a megabyte of it is as before, the rest was not compared.`,
      );
    }
    return undefined;
  }
  const change = await reopened(file, (handle) => changeOf(before.state!, handle));
  const [bytes, bytesNow] = [before.state.bytes, now.state.bytes];
  const back = "put the file back as it was, or start a new run in another output_dir";
  if (change?.change === "appended") {
    const rows = (now.rows ?? 0) - (before.rows ?? 0);
    const count = rows > 0 ? `${rows} rows` : `${bytesNow - bytes} bytes`;
    return {
      what: `${file} has grown since the checkpoint: ${count} were appended`,
      why: otherOrder,
      back: `go on with the rows of before${before.rows === undefined ? "" : ` (head -n ${before.rows})`}, and train on the others in a run of their own`,
    };
  }
  const sizes =
    bytes === bytesNow
      ? `it has the same ${bytes} bytes in number, but others`
      : `it had ${bytes} bytes and has ${bytesNow}`;
  return {
    what: `${file} has changed since the checkpoint`,
    why: `${sizes}, so the rows still to come are not those that were planned`,
    back,
  };
}

async function reopened<T>(file: string, look: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(file, "r");
  try {
    return await look(handle);
  } finally {
    await handle.close();
  }
}
