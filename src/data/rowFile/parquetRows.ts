/** Parquet files as JSONL, through DuckDB. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../util/errors.js";
import type { TableJob } from "./csvRows.js";
import { jsonColumns } from "./jsonColumns.js";

/** Memory that DuckDB may use at first, and where that is not enough. */
const memoryLimits = ["200MB", "2GB"];

/**
 * Writes one row a line: lists and structs as JSON, numbers as they are.
 * @throws DataError when the file is broken
 */
export async function rowsOfParquet(job: TableJob): Promise<void> {
  const table = literal(await linkTo(job));
  await withDatabase(job, async (run) => {
    const columns = await run(
      `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${table}))`,
    );
    const cells = columns.map(({ column_name: name, column_type: type }) => {
      const column = identifier(String(name));
      const isJson = type === "VARCHAR" && jsonColumns.has(String(name));
      return isJson ? `${jsonCell(column)} AS ${column}` : column;
    });
    const [total] = await run(`SELECT sum(num_rows) AS rows FROM parquet_file_metadata(${table})`);
    const [written] = await run(
      `COPY (SELECT ${cells.join(", ")} FROM read_parquet(${table})) TO ${literal(job.rows)} (FORMAT json)`,
    );
    if (Number(total?.rows) !== Number(written?.Count)) {
      throw new Error(`it has ${written?.Count} rows and says that it has ${total?.rows}`);
    }
  });
}

type Run = (sql: string) => Promise<Record<string, unknown>[]>;

/** Runs statements; once more with more memory where it was too little. */
async function withDatabase(job: TableJob, action: (run: Run) => Promise<void>): Promise<void> {
  // Loaded where a table is read: training on JSON Lines goes without its 70 MB.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  for (const [attempt, limit] of memoryLimits.entries()) {
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: limit,
      // A second thread doubles the memory and gains nothing where the file is written.
      threads: "1",
      temp_directory: join(job.scratch, "spilled"),
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const connection = await instance.connect();
    try {
      const run: Run = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
      await action(run);
      return;
    } catch (error) {
      const isMemory = error instanceof Error && error.message.startsWith("Out of Memory");
      if (isMemory && attempt + 1 < memoryLimits.length) continue;
      throw brokenParquet(job, error);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
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

/** JSON where the text is, the text itself otherwise, null where there is none. */
function jsonCell(column: string): string {
  return `CASE WHEN regexp_matches(${column}, '^\\s*[\\[{]') AND json_valid(${column})
    THEN json(${column}) ELSE to_json(${column}) END`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
