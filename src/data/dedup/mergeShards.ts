/** From the signatures of all shards to the rows that stay. */
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError, type DataError } from "../../util/errors.js";
import { openRowWriter, type RowWriter } from "../rowWriter.js";
import { type Banding, optimalBanding } from "./bands.js";
import { clustersOf, inOrderOfKeeping, type KeepRule } from "./clusters.js";
import { candidateEdges } from "./joins.js";
import { openRecords, type Records } from "./records.js";
import { checkedRepresentatives, oneRepresentative } from "./representatives.js";
import { openRowTexts } from "./rowTexts.js";
import type { SignatureFile, SourceFile } from "./signatureFile.js";
import { unionFind } from "./unionFind.js";
import { type Decisions, writeCluster, writeRows } from "./writeOutputs.js";

export interface MergeOptions {
  /** Similarity from which texts are duplicates. Default 0.7. */
  threshold: number;
  /** Default: the best ones for the threshold. */
  banding?: Banding | undefined;
  /** Bits that SimHashes of duplicates may differ in. Default 4. */
  distance: number;
  keep: KeepRule;
  /** Candidates are compared by their shingles, and stay where they are below the threshold. */
  checkJaccard: boolean;
  memoryLimit: string;
  /** Bytes of keys up to which rows are joined without DuckDB. Default 64 MiB. */
  keysInMemory?: number | undefined;
  threads: number;
  /** For tables that are removed again. */
  folder: string;
  /** Told what is done and how far it is, 0 to 1. */
  onProgress?: ((what: string, share: number) => void) | undefined;
}

export interface DedupResult {
  /** Always the sum of the next two. */
  rowsIn: number;
  rowsOut: number;
  rowsRejected: number;
  /** Rejected because another row stands for them. */
  duplicates: number;
  /** Rejected because they cannot be read or written. */
  refused: number;
  clusters: number;
  largestCluster: number;
  banding: Banding | undefined;
  problems: DataError[];
  rejectedFile: string;
  clustersFile: string;
  secondsOfWriting: number;
}

/** Writes `out`, its list of rejected rows and its clusters, all or none. */
export async function mergeShards(
  shards: readonly SignatureFile[],
  files: readonly SourceFile[],
  out: string,
  options: MergeOptions,
): Promise<DedupResult> {
  const records = openRecords(shards);
  const { parameters } = records;
  const minhash = parameters.method === "minhash";
  const banding = options.banding ?? optimalBanding(options.threshold, parameters.permutations);
  const outputs = [out, `${out}.rejected.jsonl`, `${out}.clusters.jsonl`] as const;
  const writers: RowWriter[] = [];
  try {
    for (const path of outputs) writers.push(await openOutput(path));
    const [good, bad, list] = writers as [RowWriter, RowWriter, RowWriter];
    const roots = await joinRows(records, banding, options);
    const found = await decide(roots, records, files, list, options);
    const started = performance.now();
    const written = await writeRows(good, bad, files, records, found, {
      ...parameters,
      onRows: (rows, total) => options.onProgress?.("writing", rows / total),
    });
    for (const writer of writers.splice(0)) await writer.close();
    for (const path of outputs) await rename(`${path}.part`, path);
    const { rowsOut, duplicates, refused, problems } = written;
    return {
      ...{ rowsIn: records.rows, rowsOut, rowsRejected: duplicates + refused },
      ...{ duplicates, refused, problems, banding: minhash ? banding : undefined },
      ...{ clusters: found.clusters, largestCluster: found.largest },
      ...{ rejectedFile: outputs[1], clustersFile: outputs[2] },
      secondsOfWriting: (performance.now() - started) / 1000,
    };
  } finally {
    for (const writer of writers) await writer.close();
    for (const path of outputs) await rm(`${path}.part`, { force: true });
  }
}

async function openOutput(path: string): Promise<RowWriter> {
  try {
    await mkdir(dirname(path), { recursive: true });
    return await openRowWriter(`${path}.part`);
  } catch (cause) {
    throw new ConfigError(`${path} cannot be written`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "choose another --out",
      cause,
    });
  }
}

/** The smallest row of the set of every row. */
async function joinRows(
  records: Records,
  banding: Banding,
  options: MergeOptions,
): Promise<Uint32Array> {
  const sets = unionFind(records.rows);
  const onStep = (step: number, steps: number) => options.onProgress?.("joining", step / steps);
  for await (const edges of candidateEdges(records, { ...options, banding, onStep })) {
    for (const [row, other] of edges) sets.union(row, other);
  }
  return sets.roots();
}

/** Chooses who stays and lists the clusters; the roots become the decisions. */
async function decide(
  roots: Uint32Array,
  records: Records,
  files: readonly SourceFile[],
  list: RowWriter,
  { keep, checkJaccard, threshold }: MergeOptions,
): Promise<Decisions & { clusters: number; largest: number }> {
  const { parameters } = records;
  const texts = openRowTexts(files, parameters);
  const similarities = new Float32Array(records.rows);
  const result = { kept: roots, similarities, clusters: 0, largest: 0 };
  try {
    for (const members of clustersOf(roots)) {
      const ordered = await inOrderOfKeeping(members, keep, records);
      const kept = checkJaccard
        ? await checkedRepresentatives(ordered, texts, parameters, threshold)
        : await oneRepresentative(ordered, records);
      for (const one of kept) {
        result.kept[one.row] = one.row;
        for (const { row, similarity } of one.removed) {
          result.kept[row] = one.row;
          similarities[row] = similarity;
        }
        if (one.removed.length === 0) continue;
        await writeCluster(list, result.clusters++, one, files, records);
        result.largest = Math.max(result.largest, one.removed.length + 1);
      }
    }
  } finally {
    await texts.close();
  }
  return result;
}
