/** Makes the signatures of a shard, and opens those of all shards. */
import { randomUUID } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { openRowWriter } from "../../data/index.js";
import { ConfigError, DataError } from "../../util/errors.js";
import { makeFolders } from "../../util/makeFolders.js";
import { mapInOrder } from "../../util/workerPool.js";
import { commonShingles } from "./commonText.js";
import type { SignatureParameters } from "./parameters.js";
import { partPool, partRows } from "./partPool.js";
import {
  encodeHashes,
  encodeHeader,
  openSignatureFile,
  recordBytes,
  type ShardHeader,
  type SignatureFile,
  type SourceFile,
} from "./signatureFile.js";
import type { PartRecords, RefusedRow, SignatureSettings } from "./signatureWorker.js";
import { checkSameFiles, type FilePart, fileParts, shardRange } from "./sourceFiles.js";
import { partMark, refusedPath, removeAbandonedParts, shardPath } from "./workFolder.js";

export interface ShardOptions {
  shard: number;
  shards: number;
  threads: number;
  /** Stops at the first row that cannot be read. Default: it is listed. */
  failFast?: boolean | undefined;
  /** Told the rows done so far. */
  onRows?: ((rows: number, total: number) => void) | undefined;
}

export interface ShardResult {
  rows: number;
  rowsRefused: number;
  /** Rows with Han characters; undefined where the shard was there already. */
  hanRows: number | undefined;
}

/**
 * Writes a shard's signatures, whole or not at all. A complete shard of the same parameters and files
 * is left as it is.
 * @throws DataError when a file changed, or a complete shard is of other data
 * @throws ConfigError when a complete shard is of other parameters, or the folder cannot be made
 */
export async function makeShard(
  folder: string,
  parameters: SignatureParameters,
  files: SourceFile[],
  options: ShardOptions,
): Promise<ShardResult> {
  const { shard, shards } = options;
  const total = files.reduce((sum, { rows }) => sum + rows, 0);
  const [firstRow, end] = shardRange(total, shard, shards);
  const own = { parameters, files, shard, shards, firstRow, rows: end - firstRow };
  const path = shardPath(folder, shard, shards);
  await makeFolder(folder);
  if (existsSync(path)) return keepShard(path, own, options);
  const common = await commonShingles(files, parameters);
  const header = { ...own, common: encodeHashes(common) };
  // A pod that is started again may write the same shard beside one that is not gone yet.
  const mark = partMark + randomUUID();
  const list = refusedPath(path);
  for (const name of [path, list]) await removeAbandonedParts(name);
  try {
    const result = await writeShard(path + mark, list + mark, header, common, options);
    await rename(list + mark, list);
    await rename(path + mark, path);
    return result;
  } finally {
    for (const name of [path, list]) await rm(name + mark, { force: true });
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    makeFolders(folder);
  } catch (cause) {
    throw new ConfigError(`${folder}: cannot be used for signatures`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "choose another --work-dir or --out",
      cause,
    });
  }
}

async function keepShard(
  path: string,
  header: Omit<ShardHeader, "common">,
  { failFast }: ShardOptions,
): Promise<ShardResult> {
  const file = await openSignatureFile(path);
  await file.close();
  checkSameFiles(header.files, file.header.files, path);
  checkSameParameters(header.parameters, file.header.parameters, path);
  let rowsRefused = 0;
  const list = refusedPath(path);
  if (existsSync(list)) {
    for await (const line of createInterface({ input: createReadStream(list) })) {
      if (failFast) throw refusal(JSON.parse(line) as RefusedRow);
      rowsRefused++;
    }
  }
  return { rows: header.rows, rowsRefused, hanRows: undefined };
}

function refusal({ reason, why }: RefusedRow): DataError {
  return new DataError(reason, why === undefined ? {} : { why });
}

async function writeShard(
  path: string,
  refusedFile: string,
  header: ShardHeader,
  common: BigUint64Array,
  { threads, failFast, onRows }: ShardOptions,
): Promise<ShardResult> {
  const { parameters, files, firstRow, rows } = header;
  const handle = await open(path, "w");
  const refused = await openRowWriter(refusedFile);
  const pool = await partPool<SignatureSettings, FilePart, PartRecords>(
    new URL("./signatureWorker", import.meta.url),
    () => import("./signatureWorker.js"),
    { parameters, common },
    { threads, rows },
  );
  const result = { rows, rowsRefused: 0, hanRows: 0 };
  const size = recordBytes(parameters);
  try {
    await handle.appendFile(encodeHeader(header));
    const parts = fileParts(files, firstRow, firstRow + rows, partRows);
    let done = 0;
    for await (const made of mapInOrder(parts, (part) => pool.run(part), pool.ahead)) {
      const [first] = made.refused;
      if (failFast && first) throw refusal(first);
      for (const row of made.refused) await refused.write(row);
      result.rowsRefused += made.refused.length;
      result.hanRows += made.hanRows;
      await handle.appendFile(made.records);
      done += made.records.byteLength / size;
      onRows?.(done, rows);
    }
    await handle.sync();
    return result;
  } finally {
    await pool.close();
    await handle.close();
    await refused.close();
  }
}

/** @throws ConfigError naming the parameters that differ */
export function checkSameParameters(
  now: SignatureParameters,
  then: SignatureParameters,
  path: string,
): void {
  const keys = Object.keys(now) as (keyof SignatureParameters)[];
  const differs = keys.filter((key) => JSON.stringify(now[key]) !== JSON.stringify(then[key]));
  if (differs.length === 0) return;
  const text = (of: SignatureParameters) =>
    differs.map((key) => `${key} ${JSON.stringify(of[key])}`).join(", ");
  throw new ConfigError(`${path}: the signatures were computed with other parameters`, {
    why: `they were computed with ${text(then)}, but this run uses ${text(now)}`,
    todo: "use the same parameters, or delete the folder of signatures",
  });
}

/**
 * Opens all shards of a folder, in their order.
 * @throws DataError naming the shards that are missing, or one that is of other data than the first
 */
export async function openShards(folder: string): Promise<SignatureFile[]> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const counts = names.flatMap((name) => {
    const match = /^shard-(\d+)-of-(\d+)\.signatures$/.exec(name);
    return match ? [Number(match[2])] : [];
  });
  const [shards] = counts;
  if (shards === undefined) {
    throw new DataError(`${folder}: there are no signatures`, {
      todo: "compute them with --shard i/n first, with the same --out or --work-dir",
    });
  }
  const all = Array.from({ length: shards }, (_, shard) => shardPath(folder, shard, shards));
  const missing = all.flatMap((path, shard) => (existsSync(path) ? [] : [shard]));
  if (missing.length > 0 || counts.some((count) => count !== shards)) {
    const different = [...new Set(counts)].sort((a, b) => a - b);
    throw new DataError(`${folder}: the signatures are incomplete`, {
      why:
        different.length > 1
          ? `there are shards of ${different.join(" and of ")}`
          : `of ${shards} shards, these are missing: ${missing.slice(0, 20).join(", ")}`,
      todo: "compute every shard i of n, from 0 to n - 1, and delete others",
    });
  }
  const opened: SignatureFile[] = [];
  try {
    for (const path of all) opened.push(await openSignatureFile(path));
    const [first, ...others] = opened;
    for (const { header, path } of others) {
      checkSameFiles(first!.header.files, header.files, path);
      checkSameParameters(first!.header.parameters, header.parameters, path);
      if (header.common !== first!.header.common) throw otherCommonText(path);
    }
    return opened;
  } catch (error) {
    for (const file of opened) await file.close();
    throw error;
  }
}

function otherCommonText(path: string): DataError {
  return new DataError(`${path}: the signatures do not go with those of the other shards`, {
    why: "another version of Tunewright found other text to be common",
    todo: "delete the folder and compute all shards again with one version",
  });
}
