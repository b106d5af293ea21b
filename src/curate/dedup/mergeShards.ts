/** From the signatures of all shards to the rows that stay. */
import { open, rename, rm } from "node:fs/promises";
import { openRowWriter, type RowWriter } from "../../data/index.js";
import type { DataError } from "../../util/errors.js";
import { type Banding, optimalBanding } from "./bands.js";
import { clustersOf, type KeepRule } from "./clusters.js";
import { candidateEdges } from "./joins.js";
import { cannotWrite, outputPaths } from "./paths.js";
import { type PlaceOf, placesOf } from "./places.js";
import { openRecords, type Records } from "./records.js";
import { checkedRepresentatives, oneRepresentative } from "./representatives.js";
import { openRowTexts, type RowTexts } from "./rowTexts.js";
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
  const outputs = outputPaths(out);
  const opened: { close(): Promise<void> }[] = [];
  const openOutput = async <T extends { close(): Promise<void> }>(
    path: string,
    openFile: (path: string) => Promise<T>,
  ): Promise<T> => {
    try {
      const file = await openFile(`${path}.part`);
      opened.push(file);
      return file;
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  };
  try {
    const good = await openOutput(outputs[0], (path) => open(path, "w"));
    const bad = await openOutput(outputs[1], openRowWriter);
    const list = await openOutput(outputs[2], openRowWriter);
    const roots = await joinRows(records, banding, options);
    const placeOf = placesOf(files, records);
    const texts = openRowTexts(files, parameters);
    const found = await decide(roots, records, texts, placeOf, list, options).finally(texts.close);
    const started = performance.now();
    const written = await writeRows(good, bad, files, placeOf, found, {
      ...parameters,
      threads: options.threads,
      onRows: (rows, total) => options.onProgress?.("writing", rows / total),
    });
    await good.sync();
    for (const file of opened.splice(0)) await file.close();
    for (const path of outputs) await rename(`${path}.part`, path);
    const { rowsOut, duplicates, refused, problems } = written;
    return {
      rowsIn: records.rows,
      rowsOut,
      rowsRejected: duplicates + refused,
      duplicates,
      refused,
      problems,
      banding: minhash ? banding : undefined,
      clusters: found.clusters,
      largestCluster: found.largest,
      rejectedFile: outputs[1],
      clustersFile: outputs[2],
      secondsOfWriting: (performance.now() - started) / 1000,
    };
  } finally {
    for (const file of opened) await file.close();
    for (const path of outputs) await rm(`${path}.part`, { force: true });
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
  texts: RowTexts,
  placeOf: PlaceOf,
  list: RowWriter,
  { keep, checkJaccard, threshold }: MergeOptions,
): Promise<Decisions & { clusters: number; largest: number }> {
  const similarities = new Float32Array(records.rows);
  const result = { kept: roots, similarities, clusters: 0, largest: 0 };
  for (const members of clustersOf(roots)) {
    const kept = checkJaccard
      ? await checkedRepresentatives(members, keep, records, similarities, { texts, threshold })
      : [oneRepresentative(members, keep, records, similarities)];
    for (const one of kept) {
      result.kept[one.row] = one.row;
      for (const row of one.removed) result.kept[row] = one.row;
      if (one.removed.length === 0) continue;
      await writeCluster(list, result.clusters++, one, similarities, placeOf);
      result.largest = Math.max(result.largest, one.removed.length + 1);
    }
  }
  return result;
}
