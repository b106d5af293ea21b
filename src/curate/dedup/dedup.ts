/** Deduplication: computes signatures, for all rows or shard by shard, then merges them. */
import { shareOfRoom } from "../../util/memoryLimits.js";
import { checkMergeOptions } from "./mergeOptions.js";
import { type DedupResult, type MergeOptions, mergeShards } from "./mergeShards.js";
import { defaultParameters, type ReadingOptions, type SignatureParameters } from "./parameters.js";
import { checkOutputs, inputFiles } from "./paths.js";
import {
  checkSameParameters,
  makeShard,
  openShards,
  type ShardOptions,
  type ShardResult,
} from "./shards.js";
import type { SignatureFile, SourceFile } from "./signatureFile.js";
import { checkSameFiles, describeFiles } from "./sourceFiles.js";
import { defaultFolder, removeSignatures } from "./workFolder.js";

/** Memory of the joins where nothing is said; less where there is less. */
const JOIN_BYTES = 2e9;

export interface DedupOptions {
  /** What differs from {@link defaultParameters}; for a merge, what must be as in the shards. */
  parameters?: Partial<SignatureParameters> | undefined;
  merge?: Partial<MergeOptions> | undefined;
  threads: number;
  /** Folder for the signatures. Default `<out>.dedup`. */
  folder?: string | undefined;
  /** Keep the signatures. Default: they are deleted when the rows are written; other files are kept. */
  keepSignatures?: boolean | undefined;
  failFast?: boolean | undefined;
  /** Called with the current stage and its progress, 0 to 1. */
  onProgress?: ((what: string, share: number) => void) | undefined;
}

export interface DedupReport extends Omit<DedupResult, "secondsOfWriting"> {
  /** Rows with Han characters, in which some units see almost nothing. Undefined where signatures were there already. */
  hanRows: number | undefined;
  parameters: SignatureParameters;
  /** Wall time: making signatures (where that was done), joining and choosing, writing; all. */
  seconds: { signatures?: number; joining: number; writing: number; total: number };
}

/**
 * Writes the rows of `files` without their duplicates, in their order, as canonical rows; what is
 * left out is listed in `<out>.rejected.jsonl`, and who belongs together in `<out>.clusters.jsonl`.
 * @throws ConfigError for parameters that no signature can have, or `out` among the files or no file
 * @throws DataError when a file cannot be read
 */
export async function dedupFiles(
  files: readonly string[],
  out: string,
  options: DedupOptions,
): Promise<DedupReport> {
  const started = performance.now();
  const all = { ...defaultParameters, ...options.parameters };
  await checkOutputs(out);
  const folder = options.folder ?? defaultFolder(out);
  const described = await describeFiles(await inputFiles(files, out, folder), all.reading);
  const { hanRows } = await makeDescribed(described, out, { shard: 0, shards: 1 }, options);
  const signatures = (performance.now() - started) / 1000;
  const report = await mergeDescribed(async () => described, out, options);
  if (!report.written && !options.keepSignatures) await removeSignatures(folder);
  const seconds = { signatures, ...report.seconds, total: signatures + report.seconds.total };
  return { ...report, hanRows, seconds };
}

/**
 * Makes the signatures of one shard; a complete one is left as it is.
 * @throws as {@link dedupFiles}
 */
export async function makeSignatures(
  files: readonly string[],
  out: string,
  shard: Pick<ShardOptions, "shard" | "shards">,
  options: DedupOptions,
): Promise<ShardResult> {
  const { reading } = { ...defaultParameters, ...options.parameters };
  const folder = options.folder ?? defaultFolder(out);
  const described = await describeFiles(await inputFiles(files, out, folder), reading);
  return makeDescribed(described, out, shard, options);
}

function makeDescribed(
  described: SourceFile[],
  out: string,
  shard: Pick<ShardOptions, "shard" | "shards">,
  { parameters, threads, folder, failFast, onProgress }: DedupOptions,
): Promise<ShardResult> {
  const all = { ...defaultParameters, ...parameters };
  const onRows = (rows: number, total: number) => onProgress?.("signatures", rows / total);
  const shardOptions = { ...shard, threads, failFast, onRows };
  return makeShard(folder ?? defaultFolder(out), all, described, shardOptions);
}

/**
 * Joins the signatures of all shards and writes the result; the folder of signatures goes, unless nothing
 * is written.
 * @throws DataError when shards are missing or of other data; as {@link dedupFiles}
 */
export async function mergeSignatures(
  files: readonly string[],
  out: string,
  options: DedupOptions,
): Promise<DedupReport> {
  const folder = options.folder ?? defaultFolder(out);
  const paths = await inputFiles(files, out, folder);
  return mergeDescribed((reading) => describeFiles(paths, reading), out, options);
}

async function mergeDescribed(
  describe: (reading: ReadingOptions) => Promise<SourceFile[]>,
  out: string,
  {
    parameters,
    merge,
    threads,
    folder = defaultFolder(out),
    keepSignatures,
    onProgress,
  }: DedupOptions,
): Promise<DedupReport> {
  const started = performance.now();
  const shards = await openShards(folder);
  let result: DedupResult;
  const [{ header, path }] = shards as [SignatureFile];
  try {
    const reading = { ...header.parameters.reading, ...given(parameters?.reading ?? {}) };
    const asked = { ...header.parameters, ...parameters, reading };
    checkSameParameters(asked, header.parameters, path);
    const described = await describe(reading);
    checkSameFiles(described, header.files, path);
    checkMergeOptions(merge ?? {}, header.parameters, path);
    const mergeOptions: MergeOptions = {
      threshold: 0.7,
      distance: 4,
      keep: "first",
      memoryLimit: `${Math.floor(shareOfRoom(JOIN_BYTES) / 1e6)}MB`,
      threads,
      folder,
      onProgress,
      ...merge,
    };
    result = await mergeShards(shards, described, out, mergeOptions);
  } finally {
    for (const shard of shards) await shard.close();
  }
  if (result.written && !keepSignatures) await removeSignatures(folder);
  const total = (performance.now() - started) / 1000;
  const { secondsOfWriting: writing, ...counts } = result;
  const seconds = { joining: total - writing, writing, total };
  return { ...counts, hanRows: undefined, parameters: header.parameters, seconds };
}

/** Without the keys that have no value. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as T;
}
