/** From the signatures of all shards to the rows that stay. */
import { open, rename, rm } from "node:fs/promises";
import { openRowWriter, type RowWriter } from "../../data/index.js";
import type { DataError } from "../../util/errors.js";
import { type Banding, optimalBanding } from "./bands.js";
import { type ClusterSizes, clusterSizes, countCluster } from "./clusterSizes.js";
import { clustersOf, type KeepRule } from "./clusters.js";
import { comparableReader } from "./comparableReader.js";
import { candidateEdges } from "./joins.js";
import { type LargeCluster, largeClusterFinder, showCluster } from "./largeClusters.js";
import { cannotWrite, outputPaths } from "./paths.js";
import { placesOf } from "./places.js";
import { openRecords, type Records } from "./records.js";
import { checkedRepresentatives, oneRepresentative } from "./representatives.js";
import { openRowReader } from "./rowReader.js";
import { decodeHashes, type SignatureFile, type SourceFile } from "./signatureFile.js";
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
  /** Candidates are compared by their texts, and stay where they are not alike. Default: unless all is compared. */
  checkJaccard?: boolean | undefined;
  /** Clusters that take a large share of the data are accepted. Default: nothing is written. */
  acceptLarge?: boolean | undefined;
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
  /** False where large clusters were not accepted: then no row is written, and none counts as rejected. */
  written: boolean;
  /** Where rows are written, the sum of the next two. */
  rowsIn: number;
  rowsOut: number;
  rowsRejected: number;
  /** Rows for which another one stands. */
  duplicates: number;
  /** Rejected because they cannot be read or written. */
  refused: number;
  clusters: number;
  largestCluster: number;
  /** By the size of clusters, those that there are. */
  sizes: ClusterSizes[];
  /** Clusters that take a large share of the data, and the largest of them. */
  largeClusters: { count: number; shown: LargeCluster[] };
  /** Shingles that many rows have and that carry no weight. */
  commonShingles: number;
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
    const common = decodeHashes(shards[0]!.header.common);
    const found = await decide({ roots, records, files, common, list, banding }, options);
    const { decisions, ...counts } = found;
    const result = {
      ...counts,
      rowsIn: records.rows,
      banding: minhash ? banding : undefined,
      commonShingles: common.length,
      rejectedFile: outputs[1],
      clustersFile: outputs[2],
    };
    if (found.largeClusters.count > 0 && !options.acceptLarge) {
      const nothing = { rowsOut: 0, rowsRejected: 0, refused: 0, problems: [] };
      return { ...result, ...nothing, written: false, secondsOfWriting: 0 };
    }
    const started = performance.now();
    const written = await writeRows(good, bad, files, placesOf(files, records), decisions, {
      ...parameters,
      threads: options.threads,
      onRows: (rows, total) => options.onProgress?.("writing", rows / total),
    });
    await good.sync();
    for (const file of opened.splice(0)) await file.close();
    for (const path of outputs) await rename(`${path}.part`, path);
    const rowsRejected = written.duplicates + written.refused;
    const secondsOfWriting = (performance.now() - started) / 1000;
    return { ...result, ...written, rowsRejected, written: true, secondsOfWriting };
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

interface Deciding {
  roots: Uint32Array;
  records: Records;
  files: readonly SourceFile[];
  /** Hashes of shingles without weight. */
  common: BigUint64Array;
  list: RowWriter;
  banding: Banding;
}

interface Decided
  extends Pick<
    DedupResult,
    "duplicates" | "clusters" | "largestCluster" | "sizes" | "largeClusters"
  > {
  decisions: Decisions;
}

/** Chooses who stays and lists the clusters; the roots become the decisions. */
async function decide(
  { roots, records, files, common, list, banding }: Deciding,
  options: MergeOptions,
): Promise<Decided> {
  const { parameters, rows } = records;
  const { keep, threshold, distance, onProgress } = options;
  const { checkJaccard = parameters.compare === "distinct" && parameters.method !== "exact" } =
    options;
  const similarities = new Float32Array(rows);
  const result = { duplicates: 0, clusters: 0, largestCluster: 0, sizes: clusterSizes() };
  const reader = openRowReader(files, parameters.reading);
  const placeOf = placesOf(files, records);
  const large = largeClusterFinder(files, records);
  const check = {
    comparableOf: comparableReader(reader, parameters, common),
    threshold,
    distance,
    banding,
  };
  try {
    for (const members of clustersOf(roots)) {
      const kept = checkJaccard
        ? await checkedRepresentatives(members, keep, records, similarities, check)
        : [oneRepresentative(members, keep, records, similarities)];
      for (const one of kept) {
        roots[one.row] = one.row;
        for (const row of one.removed) roots[row] = one.row;
        if (one.removed.length === 0) continue;
        await writeCluster(list, result.clusters++, one, similarities, placeOf);
        const size = one.removed.length + 1;
        countCluster(result.sizes, size);
        result.duplicates += one.removed.length;
        result.largestCluster = Math.max(result.largestCluster, size);
        large.add(one);
      }
      if (checkJaccard) onProgress?.("comparing", members[0]! / rows);
    }
    const shown: LargeCluster[] = [];
    const { count, largest } = large.found();
    for (const found of largest) {
      shown.push(await showCluster(found, reader, placeOf, parameters));
    }
    const sizes = result.sizes.filter(({ clusters }) => clusters > 0);
    const largeClusters = { count, shown };
    return { ...result, sizes, largeClusters, decisions: { kept: roots, similarities } };
  } finally {
    await reader.close();
  }
}
