/** Sources of a mixture as one list of conversations, each limited to the rows that are taken of it. */
import { ConfigError } from "../util/errors.js";
import { lastAtMost, runningSum } from "../util/runningSum.js";
import {
  type ConversationSource,
  openConversations,
  type SourceOptions,
} from "./conversationSource.js";
import type { MixtureShare } from "./mixture.js";
import { permutation } from "./permutation.js";

/** Files that belong together, and how much of them goes into an epoch. */
export interface DataSource extends MixtureShare {
  files: readonly string[];
  /** At most so many rows are ever taken. Default: all. */
  limit?: number | undefined;
  /** Which rows `limit` takes: the same random ones in every epoch, or the first. Default `random`. */
  sample?: "random" | "first" | undefined;
  /** Name of the format of the files. Default: found out file by file. */
  format?: string | undefined;
}

/** Conversations of all sources, counted through; rows beyond a source's limit do not exist here. */
export interface JoinedSource extends ConversationSource {
  readonly sources: readonly { name: string; rows: number; rowsInFiles: number }[];
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
  options: SourceOptions,
  seed: number,
): Promise<JoinedSource> {
  const all = sources.map(asDataSource);
  if (all.length === 0) throw new ConfigError("no data file is given");
  const opened: ConversationSource[] = [];
  let bytes = 0;
  const close = async () => {
    for (const source of opened) await source.close();
  };
  try {
    for (const { files, format = options.format } of all) {
      const before = bytes;
      const source = await openConversations(files, {
        ...options,
        format,
        onProgress: (done) => options.onProgress?.(before + done),
      });
      opened.push(source);
      bytes += source.bytes;
    }
  } catch (error) {
    await close();
    throw error;
  }
  const taken = all.map(({ limit }, index) =>
    Math.min(limit ?? Number.POSITIVE_INFINITY, opened[index]!.rows),
  );
  const selected = all.map(({ sample = "random" }, index) => {
    const { rows } = opened[index]!;
    if (taken[index] === rows || sample === "first") return (row: number) => row;
    return permutation(seed, limitEpoch + index, rows);
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

/** Keeps the choice of a limit's rows apart from the orders of epochs. */
const limitEpoch = 2 ** 40;

function sourceName(files: readonly string[]): string {
  const [first = "nothing"] = files;
  return files.length > 1 ? `${first} and ${files.length - 1} more` : first;
}
