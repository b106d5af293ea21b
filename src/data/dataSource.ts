/** Sources of a mixture as one list of conversations, each limited to the rows that are taken of it. */
import { ConfigError } from "../util/errors.js";
import { lastAtMost, runningSum } from "../util/runningSum.js";
import {
  type ConversationSource,
  openConversations,
  type SourceOptions,
} from "./conversationSource.js";
import { type MixtureShare, shareOut } from "./mixture.js";
import { permutation } from "./permutation.js";
import type { RowNames } from "./renamedRows.js";

/** Files that belong together, and how much of them goes into an epoch. */
export interface DataSource extends MixtureShare, RowNames {
  files: readonly string[];
  /** At most so many rows are ever taken. Default: all. */
  limit?: number | undefined;
  /** Which rows `limit` takes: the same random ones in every epoch, or the first. Default `random`. */
  sample?: "random" | "first" | undefined;
  /** Name of the format of the files. Default: found out file by file. */
  format?: string | undefined;
}

/** One part of all rows: those held out for evaluation, or all others. */
export interface HeldOut {
  /** Below 1 a share of all rows (rounded up), otherwise their number. */
  size: number;
  part: "train" | "eval";
}

export interface JoinOptions extends SourceOptions {
  /** Default: all rows. */
  heldOut?: HeldOut | undefined;
}

/**
 * Conversations of all sources, counted through; rows beyond a source's limit, and of the other part,
 * do not exist here.
 */
export interface JoinedSource extends ConversationSource {
  readonly sources: readonly JoinedPart[];
}

/** One source among others. */
export interface JoinedPart {
  name: string;
  /** As `place` of its rows names them. */
  files: readonly string[];
  rows: number;
  rowsInFiles: number;
}

/** A file alone is a source of which everything is taken. */
export function asDataSource(source: string | DataSource): DataSource {
  return typeof source === "string" ? { files: [source] } : source;
}

/**
 * @param seed of the rows that a limit takes
 * @throws ConfigError for an unknown format, or where there is no file
 * @throws DataError when a file cannot be read or has no rows
 */
export async function openDataSources(
  sources: readonly (string | DataSource)[],
  options: JoinOptions,
  seed: number,
): Promise<JoinedSource> {
  const all = sources.map(asDataSource);
  if (all.length === 0) throw new ConfigError("no data file is given");
  const opened: ConversationSource[] = [];
  let bytes = 0;
  const close = async () => {
    for (const source of opened) await source.close();
  };
  let division: ReturnType<typeof partOf>;
  try {
    for (const { files, format = options.format, columns, messageKeys, roles } of all) {
      const before = bytes;
      const source = await openConversations(files, {
        ...options,
        format,
        columns,
        messageKeys,
        roles,
        onProgress: (done) => options.onProgress?.(before + done),
      });
      opened.push(source);
      bytes += source.bytes;
    }
    const available = opened.map(({ rows }, index) => Math.min(all[index]!.limit ?? rows, rows));
    division = partOf(available, options.heldOut, seed);
  } catch (error) {
    await close();
    throw error;
  }
  const { counts: taken, rowAt } = division;
  const selected = all.map(({ sample = "random" }, index) => {
    const { rows } = opened[index]!;
    const part = (row: number) => rowAt(index, row);
    const isWhole = (all[index]!.limit ?? rows) >= rows;
    if (isWhole || sample === "first") return part;
    const drawn = permutation(seed, limitEpoch + index, rows);
    return (row: number) => drawn(part(row));
  });
  const firsts = runningSum(taken);
  const find = (row: number) => {
    const index = lastAtMost(firsts, row);
    return { source: opened[index]!, own: selected[index]!(row - firsts[index]!) };
  };
  return {
    rows: firsts.at(-1)!,
    bytes,
    files: opened.flatMap((source) => source.files),
    sources: all.map(({ files }, index) => ({
      name: sourceName(files),
      files: opened[index]!.files.map(({ file }) => file),
      rows: taken[index]!,
      rowsInFiles: opened[index]!.rows,
    })),
    place: (row) => {
      const { source, own } = find(row);
      return source.place(own);
    },
    read: (row) => {
      const { source, own } = find(row);
      return source.read(own);
    },
    readWhole: (row) => {
      const { source, own } = find(row);
      return source.readWhole(own);
    },
    readValue: (row) => {
      const { source, own } = find(row);
      return source.readValue(own);
    },
    rowBytes: (row) => {
      const { source, own } = find(row);
      return source.rowBytes(own);
    },
    readBytes: (row) => {
      const { source, own } = find(row);
      return source.readBytes(own);
    },
    close,
  };
}

/**
 * A part of the rows of each source. Held out are the first rows of a permutation of each source,
 * shared out by the sources' sizes, so both parts are known without a list.
 * @throws ConfigError where no row would be left to train on
 */
function partOf(available: readonly number[], heldOut: HeldOut | undefined, seed: number) {
  if (!heldOut) return { counts: available, rowAt: (_source: number, row: number) => row };
  const total = available.reduce((sum, rows) => sum + rows, 0);
  const wanted = heldOut.size < 1 ? Math.ceil(heldOut.size * total) : heldOut.size;
  if (wanted >= total) {
    throw new ConfigError(`val_size ${heldOut.size} would hold out all ${total} rows`, {
      why: "none would be left to train on",
      todo: "give a smaller number, or a share below 1",
    });
  }
  const held = shareOut(wanted, available);
  const orders = available.map((rows, source) => permutation(seed, heldOutEpoch + source, rows));
  const isEval = heldOut.part === "eval";
  return {
    counts: isEval ? held : available.map((rows, source) => rows - held[source]!),
    rowAt: (source: number, row: number) => orders[source]!(isEval ? row : held[source]! + row),
  };
}

/** Keeps the rows that are held out apart from the orders of epochs, and from limits. */
const heldOutEpoch = 2 ** 41;

/** Keeps the choice of a limit's rows apart from the orders of epochs. */
const limitEpoch = 2 ** 40;

function sourceName(files: readonly string[]): string {
  const [first = "nothing"] = files;
  return files.length > 1 ? `${first} and ${files.length - 1} more` : first;
}
