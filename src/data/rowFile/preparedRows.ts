/** Makes a plain JSONL file (or JSON array) of a file that rows cannot be read from in place. */
import { createWriteStream } from "node:fs";
import { type FileHandle, open, rename, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { DataError, EnvironmentError } from "../../util/errors.js";
import { cacheVariable } from "./cacheFolder.js";
import type { RowLines } from "./csvRows.js";
import { refuseOtherEncoding } from "./encoding.js";
import { type FileKind, fileKind } from "./fileKind.js";
import { type Packing, transcoded, unpacked } from "./unpack.js";

/** Name of the file with the rows in a cache entry. */
export const rowsName = "rows.jsonl";

/** How much of a file's beginning is looked at to tell its kind and encoding. */
export const sampleBytes = 1 << 20;

export interface PrepareOptions {
  kind: FileKind;
  /** Of the text in the file, by its name in the Encoding Standard. Undefined: UTF-8. */
  encoding: string | undefined;
  /** Told the bytes of the file that were read so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Writes `rows.jsonl` into the folder.
 * @param file how errors name the file
 * @param source absolute path of the file
 * @param scratch folder for what is needed until the lines have been read
 * @returns the lines that rows begin on, where they are on other lines than in `rows.jsonl`
 * @throws DataError when the file is broken
 * @throws EnvironmentError when the disk has less space left than the rows need at least
 */
export async function prepareRows(
  file: string,
  source: string,
  { folder, scratch }: { folder: string; scratch: string },
  { kind, encoding, onProgress }: PrepareOptions,
): Promise<RowLines | undefined> {
  const rows = join(folder, rowsName);
  let table = source;
  let tableKind = kind;
  if (
    kind === "gzip" ||
    kind === "zstd" ||
    (encoding !== undefined && kind !== "parquet" && kind !== "arrow")
  ) {
    const packing = kind === "gzip" || kind === "zstd" ? kind : undefined;
    await checkSpace(folder, source);
    table = join(scratch, "plain");
    const bytes = unpacked(source, { file, packing, onProgress });
    await pipeline(
      encoding === undefined ? bytes : transcoded(bytes, encoding, file),
      createWriteStream(table),
    );
    tableKind = await kindOf(table, file, packing);
    if (tableKind === "rows") {
      await rename(table, rows);
      return undefined;
    }
  }
  if (tableKind === "gzip" || tableKind === "zstd") {
    throw new DataError(`${file}: compressed twice (${tableKind} inside)`, {
      todo: "decompress it once",
    });
  }
  await checkSpace(folder, table);
  const job = { file, table, scratch, rows };
  if (tableKind === "csv") return (await import("./csvRows.js")).rowsOfCsv(job);
  // Loaded where they are needed: training on JSON Lines goes without them.
  if (tableKind === "arrow") await (await import("./arrowRows.js")).rowsOfArrow(job);
  else await (await import("./parquetRows.js")).rowsOfParquet(job);
  return undefined;
}

/** The first bytes of a file. */
export async function readSample(handle: FileHandle): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(sampleBytes);
  const { bytesRead } = await handle.read(buffer, 0, sampleBytes, 0);
  return buffer.subarray(0, bytesRead);
}

async function kindOf(
  plain: string,
  file: string,
  packing: Packing | undefined,
): Promise<FileKind> {
  const handle = await open(plain, "r");
  try {
    const sample = await readSample(handle);
    const kind = fileKind(sample, file);
    if (kind === "rows" || kind === "csv") refuseOtherEncoding(sample, file, packing);
    return kind;
  } finally {
    await handle.close();
  }
}

/** Unpacked rows hardly ever take less than the file they come from. */
async function checkSpace(folder: string, source: string): Promise<void> {
  const [{ bavail, bsize }, { size }] = await Promise.all([statfs(folder), stat(source)]);
  if (bavail * bsize >= size) return;
  throw new EnvironmentError(`${dirname(folder)}: not enough space to decompress ${source}`, {
    why: `${Math.round((bavail * bsize) / 1e6)} MB are free, and the compressed file alone has ${Math.round(size / 1e6)} MB`,
    todo: `free some space (./tunewright data cache --clear), or set ${cacheVariable} to another folder`,
  });
}
