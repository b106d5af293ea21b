/** Rows that meet in a band: joins in DuckDB, which keeps to its memory limit and spills to disk. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { EnvironmentError, TunewrightError } from "../../util/errors.js";
import type { Banding } from "./bands.js";
import { keysOf } from "./keyColumns.js";
import { joinInMemory } from "./memoryJoins.js";
import type { SignatureParameters } from "./parameters.js";
import type { Edge, Records } from "./records.js";
import { type JoinQuery, simHashQueries } from "./simHashQueries.js";

export interface JoinOptions {
  /** Where the tables and what spills are put; removed afterwards. */
  folder: string;
  /** As DuckDB takes it: "2GB". */
  memoryLimit: string;
  threads: number;
  banding: Banding;
  /** Bits that SimHashes of duplicates may differ in. */
  distance: number;
  /** Bytes of keys up to which rows are joined in memory, without DuckDB. Default 64 MiB. */
  keysInMemory?: number | undefined;
  onStep?: ((step: number, steps: number) => void) | undefined;
}

const defaultKeysInMemory = 64 << 20;

/**
 * Every row with the first row that shares a band with it, band after band.
 * @throws EnvironmentError with what DuckDB says when the disk is full or the memory limit too low
 */
export async function* candidateEdges(
  records: Records,
  options: JoinOptions,
): AsyncGenerator<Edge[]> {
  const { banding, keysInMemory = defaultKeysInMemory } = options;
  const keyBytes = 8 * banding.bands * records.rows;
  if (records.parameters.method === "minhash" && keyBytes <= keysInMemory) {
    yield* joinInMemory(records, banding);
    return;
  }
  try {
    yield* joinInDuckDb(records, options);
  } catch (cause) {
    if (cause instanceof TunewrightError) throw cause;
    throw new EnvironmentError("rows could not be joined", {
      why: (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, " ").trim(),
      todo: `raise --memory-limit (${options.memoryLimit}), or free some space in ${options.folder}`,
      cause,
    });
  }
}

async function* joinInDuckDb(records: Records, options: JoinOptions): AsyncGenerator<Edge[]> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const database = join(options.folder, "joins.duckdb");
  const spill = join(options.folder, "joins.spill");
  const remove = async () => {
    for (const path of [database, `${database}.wal`, spill]) {
      await rm(path, { recursive: true, force: true });
    }
  };
  await remove();
  const instance = await DuckDBInstance.create(database, {
    memory_limit: options.memoryLimit,
    threads: String(options.threads),
    temp_directory: spill,
    preserve_insertion_order: "false",
  });
  try {
    const connection = await instance.connect();
    try {
      await loadKeys(connection, records, options.banding);
      const queries = joinQueries(records.parameters, options);
      for (const [step, { before, select }] of queries.entries()) {
        options.onStep?.(step, queries.length);
        if (before) await connection.run(before);
        yield* edgesOf(connection, select);
      }
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
    await remove();
  }
}

function joinQueries(
  { method }: SignatureParameters,
  { banding, distance }: JoinOptions,
): JoinQuery[] {
  if (method === "exact") return [{ select: sameKeys(["k0", "k1"]) }];
  if (method === "simhash") return [{ select: sameKeys(["k0"]) }, ...simHashQueries(distance)];
  return Array.from({ length: banding.bands }, (_, band) => ({ select: sameKeys([`k${band}`]) }));
}

/** Each row but the first of those with the same keys, beside that first one. */
function sameKeys(columns: readonly string[]): string {
  const keys = columns.join(", ");
  return `SELECT t.row, g.first FROM keys t JOIN (
    SELECT ${keys}, min(row) AS first FROM keys GROUP BY ${keys} HAVING count(*) > 1
  ) g USING (${keys}) WHERE t.row <> g.first`;
}

async function* edgesOf(connection: DuckDBConnection, select: string): AsyncGenerator<Edge[]> {
  const result = await connection.stream(select);
  for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
    const rows = chunk.getColumnVector(0);
    const others = chunk.getColumnVector(1);
    yield Array.from(
      { length: chunk.rowCount },
      (_, index): Edge => [rows.getItem(index) as number, others.getItem(index) as number],
    );
  }
}

/** Rows that a DuckDB chunk holds. */
const chunkRows = 2048;

async function loadKeys(connection: DuckDBConnection, records: Records, banding: Banding) {
  const { DuckDBDataChunk, UBIGINT, UINTEGER } = await import("@duckdb/node-api");
  const { method } = records.parameters;
  const columns = method === "minhash" ? banding.bands : method === "exact" ? 2 : 1;
  const names = Array.from({ length: columns }, (_, index) => `k${index}`);
  const types = [UINTEGER, ...names.map(() => UBIGINT)];
  await connection.run(
    `CREATE TABLE keys (row UINTEGER, ${names.map((name) => `${name} UBIGINT`).join(", ")})`,
  );
  const appender = await connection.createAppender("keys");
  // One chunk for all: its memory is freed when the garbage collector finds it, which does not know its size.
  const chunk = DuckDBDataChunk.create(types);
  for (const block of records.blocks()) {
    const { rows, keys } = keysOf(block, records.parameters, banding);
    for (let from = 0; from < rows.length; from += chunkRows) {
      const count = Math.min(rows.length - from, chunkRows);
      if (chunk.rowCount !== count) chunk.rowCount = count;
      for (const [index, column] of [rows, ...keys].entries()) {
        const vector = chunk.getColumnVector(index);
        for (let row = 0; row < count; row++) vector.setItem(row, column[from + row]!);
        vector.flush();
      }
      appender.appendDataChunk(chunk);
    }
  }
  appender.closeSync();
}
