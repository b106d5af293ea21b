/** Parquet files as JSONL, through DuckDB. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { DataError, EnvironmentError } from "../../util/errors.js";
import { memoryRoom, shareOfRoom } from "../../util/memoryLimits.js";
import type { TableJob } from "./csvRows.js";
import { copyWithoutPadding, paddedType, type TableType } from "./padding.js";

/** Memory that DuckDB may use at first, and where that is not enough; less where there is less. */
const memoryLimits = [200e6, 2e9];

/**
 * Writes one row a line: lists and structs as JSON without the nulls that pad them, numbers as they
 * are.
 * @throws DataError when the file is broken, or has keys that differ in upper and lower case alone
 */
export async function rowsOfParquet(job: TableJob): Promise<void> {
  const table = literal(await linkTo(job));
  await withDatabase(job, async (run, columnsOf) => {
    const columns = await columnsOf(`SELECT * FROM read_parquet(${table}) LIMIT 0`);
    const named = await run(`SELECT name FROM parquet_schema(${table})`);
    expectNames(columns, new Set(named.map(({ name }) => String(name))), job.file);
    const padded = new Map(columns.map(({ name, type }) => [name, paddedType(type)] as const));
    const isPadded = [...padded.values()].some((type) => type !== undefined);
    const rows = isPadded ? join(job.scratch, "padded") : job.rows;
    const [total] = await run(`SELECT sum(num_rows) AS rows FROM parquet_file_metadata(${table})`);
    const [written] = await run(
      `COPY (SELECT * FROM read_parquet(${table})) TO ${literal(rows)} (FORMAT json)`,
    );
    if (Number(total?.rows) !== Number(written?.Count)) {
      throw new Error(`it has ${written?.Count} rows and says that it has ${total?.rows}`);
    }
    if (isPadded) await copyWithoutPadding(rows, job.rows, padded);
  });
}

interface Column {
  name: string;
  type: TableType;
}

type Run = (sql: string) => Promise<Record<string, unknown>[]>;
type ColumnsOf = (sql: string) => Promise<Column[]>;

/** DuckDB does not tell names apart that differ in their letters' case, and gives one a new name. */
function expectNames(columns: readonly Column[], known: ReadonlySet<string>, file: string): void {
  const namesIn = ({
    entryNames = [],
    entryTypes = [],
    valueType,
    keyType,
  }: TableType): string[] => [
    ...entryNames,
    ...[...entryTypes, ...(valueType ? [valueType] : []), ...(keyType ? [keyType] : [])].flatMap(
      namesIn,
    ),
  ];
  const names = columns.flatMap(({ name, type }) => [name, ...namesIn(type)]);
  const renamed = names.find((name) => !known.has(name));
  if (renamed === undefined) return;
  const key = renamed.replace(/_\d+$/, "");
  throw new DataError(`${file}: the key ${JSON.stringify(key)} is there in other letters too`, {
    why: "keys that differ in upper and lower case alone cannot be told apart in Parquet here",
    todo: "write the rows as JSONL, for example with datasets' to_json",
  });
}

/** Runs statements; once more with more memory where it was too little. */
async function withDatabase(
  job: TableJob,
  action: (run: Run, columnsOf: ColumnsOf) => Promise<void>,
): Promise<void> {
  // Loaded where a table is read: training on JSON Lines goes without its 70 MB.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  for (const [attempt, wanted] of memoryLimits.entries()) {
    const limit = Math.floor(shareOfRoom(wanted) / 1e6);
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: `${limit}MB`,
      // A second thread doubles the memory and gains nothing where the file is written.
      threads: "1",
      temp_directory: join(job.scratch, "spilled"),
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const connection = await instance.connect();
    try {
      const run: Run = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
      const columnsOf: ColumnsOf = async (sql) => {
        const result = await connection.runAndReadAll(sql);
        const types: TableType[] = result.columnTypes();
        return result.columnNames().map((name, at) => ({ name, type: types[at]! }));
      };
      await action(run, columnsOf);
      return;
    } catch (error) {
      const isMemory = error instanceof Error && error.message.startsWith("Out of Memory");
      if (isMemory && attempt + 1 < memoryLimits.length) continue;
      if (error instanceof DataError) throw error;
      if (isMemory) throw largeParquet(job, limit, error);
      throw brokenParquet(job, error);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
}

function largeParquet({ file }: TableJob, limit: number, cause: Error): EnvironmentError {
  const { source, free } = memoryRoom();
  const [first = ""] = cause.message.split("\n");
  return new EnvironmentError(`${file} needs more memory to be read than there is`, {
    why: `${first.slice(0, 300)}; it got ${limit} MB, as ${Math.floor(free / 1e6)} MB are free (${source})`,
    todo: "give the process more memory, or write the file with smaller row groups, or as JSONL",
    cause,
  });
}

function brokenParquet({ file }: TableJob, cause: unknown): unknown {
  const message = cause instanceof Error ? cause.message : String(cause);
  const [first = ""] = message.split("\n").filter((text) => text.trim() !== "");
  if (/No space left|disk is full/i.test(message)) {
    return Object.assign(new Error(first), { code: "ENOSPC" });
  }
  return new DataError(`${file}: cannot be read as Parquet`, {
    why: first.slice(0, 300),
    todo: "correct the file, or write it again",
    cause,
  });
}

/** A name without characters that DuckDB takes for a pattern. */
async function linkTo({ table, scratch }: TableJob): Promise<string> {
  const link = join(scratch, "table.parquet");
  await symlink(table, link);
  return link;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
