/** Writes rows as JSONL. */
import { open } from "node:fs/promises";
import { ConfigError } from "../util/errors.js";
import { stringifyJson } from "../util/json/index.js";
import { checkOutPlace, realPath } from "../util/outPlace.js";

export interface RowWriter {
  write(row: object): Promise<void>;
  /** Writes the rest and waits until it is on disk. */
  close(): Promise<void>;
}

const bufferedCharacters = 1 << 20;

/** @throws Error of the system when the file cannot be made or the disk is full */
export async function openRowWriter(path: string): Promise<RowWriter> {
  const handle = await open(path, "w");
  let lines: string[] = [];
  let characters = 0;
  const flush = async () => {
    await handle.appendFile(lines.join(""));
    lines = [];
    characters = 0;
  };
  return {
    async write(row) {
      const line = `${stringifyJson(row)}\n`;
      lines.push(line);
      characters += line.length;
      if (characters > bufferedCharacters) await flush();
    },
    async close() {
      try {
        await flush();
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
}

/** File extensions of formats other than JSONL. */
const otherEnding = /\.(gz|gzip|zst|zstd|bz2|xz|lz4|zip|tar|parquet|csv|tsv|arrow|feather)$/i;

/** @throws ConfigError if it is no place for a file, or has the extension of another format */
export function checkOutName(out: string): void {
  checkOutPlace(out);
  const ending = otherEnding.exec(out)?.[0];
  if (ending === undefined) return;
  throw new ConfigError(`${out}: the output is plain JSONL, not a ${ending} file`, {
    todo: `name it ${out.slice(0, -ending.length)}, and compress or convert it afterwards`,
  });
}

/**
 * @param todo what the user can do about it
 * @throws ConfigError when one of the files to be written is among those to be read
 */
export function checkNotRead(
  outputs: readonly string[],
  files: readonly string[],
  todo = "choose another --out",
): void {
  const inputs = new Set(files.map(realPath));
  for (const output of outputs) {
    const target = realPath(output);
    if (target === undefined || !inputs.has(target)) continue;
    throw new ConfigError(`${output} is both input and output`, { todo });
  }
}
