/** CSV and Parquet files as JSONL, through DuckDB. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { DataError } from "../../util/errors.js";
import { csvLines, readCsvHead } from "./csv.js";

export interface TableJob {
  /** How errors name the file. */
  file: string;
  /** Where it is. */
  table: string;
  /** For what is needed meanwhile. */
  folder: string;
  /** JSONL file to write. */
  rows: string;
}

/** Memory that DuckDB may use at first, and where that is not enough. */
const memoryLimits = ["200MB", "2GB"];

/** A row has up to 16 MiB; DuckDB's buffer has room for two. */
const maxCsvRowBytes = 16 << 20;

/** Columns whose texts are JSON where they look like it. */
const jsonColumns = new Set([
  "messages",
  "conversation",
  "conversations",
  "chat",
  "history",
  "tools",
  "chosen",
  "rejected",
]);

/**
 * Writes one row a line. Empty cells are empty texts, or null in {@link jsonColumns}.
 * @returns the line that each row begins on
 * @throws DataError when the file has no header or is no regular CSV file
 */
export async function rowsOfCsv(job: TableJob): Promise<(row: number) => number> {
  const { delimiter, columns } = await readCsvHead(job.table, job.file);
  const table = await linkTo(job, "table.csv");
  const types = columns.map((name) => `${literal(name)}: 'VARCHAR'`).join(", ");
  const source = `read_csv(${literal(table)}, auto_detect = false, header = true, strict_mode = true,
    delim = ${literal(delimiter)}, quote = '"', escape = '"', columns = {${types}},
    max_line_size = ${maxCsvRowBytes}, buffer_size = ${2 * maxCsvRowBytes})`;
  const cells = columns.map((name) =>
    jsonColumns.has(name)
      ? `${jsonCell(name)} AS ${identifier(name)}`
      : `coalesce(${identifier(name)}, '') AS ${identifier(name)}`,
  );
  const breaks = columns
    .map((name) => identifier(name))
    .map((name) => `coalesce(len(${name}) - len(replace(${name}, chr(10), '')), 0)`);
  const counts = join(job.folder, "breaks");
  await withDatabase(job, async (run) => {
    await run(
      `COPY (SELECT ${cells.join(", ")} FROM ${source}) TO ${literal(job.rows)} (FORMAT json)`,
    );
    await run(
      `COPY (SELECT ${breaks.join(" + ")} FROM ${source}) TO ${literal(counts)} (FORMAT csv, HEADER false)`,
    );
  });
  return csvLines(job.table, counts, columns.length > 1);
}

/**
 * Writes one row a line: lists and structs as JSON; numbers that are not finite as null.
 * @throws DataError when the file is broken
 */
export async function rowsOfParquet(job: TableJob): Promise<(row: number) => number> {
  const table = literal(await linkTo(job, "table.parquet"));
  await withDatabase(job, async (run) => {
    const columns = await run(
      `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${table}))`,
    );
    const cells = columns.map(({ column_name: name, column_type: type }) => {
      const column = identifier(String(name));
      if (type === "FLOAT" || type === "DOUBLE") {
        return `CASE WHEN isfinite(${column}) THEN ${column} END AS ${column}`;
      }
      const isJson = type === "VARCHAR" && jsonColumns.has(String(name));
      return isJson ? `${jsonCell(String(name))} AS ${column}` : column;
    });
    const [total] = await run(`SELECT sum(num_rows) AS rows FROM parquet_file_metadata(${table})`);
    const [written] = await run(
      `COPY (SELECT ${cells.join(", ")} FROM read_parquet(${table})) TO ${literal(job.rows)} (FORMAT json)`,
    );
    if (Number(total?.rows) !== Number(written?.Count)) {
      throw new Error(`it has ${written?.Count} rows and says that it has ${total?.rows}`);
    }
  });
  return (row) => row + 1;
}

type Run = (sql: string) => Promise<Record<string, unknown>[]>;

/** Runs statements; once more with more memory where it was too little. */
async function withDatabase(job: TableJob, action: (run: Run) => Promise<void>): Promise<void> {
  for (const [attempt, limit] of memoryLimits.entries()) {
    const instance = await DuckDBInstance.create(":memory:", {
      memory_limit: limit,
      // A second thread doubles the memory and gains nothing where the file is written.
      threads: "1",
      temp_directory: join(job.folder, "spilled"),
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const connection = await instance.connect();
    try {
      await action(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson());
      return;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const isLast = attempt === memoryLimits.length - 1;
      if (!why.startsWith("Out of Memory") || isLast) throw brokenTable(job.file, why, error);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
}

function brokenTable(file: string, message: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause;
  if (/No space left|disk is full/i.test(message)) {
    throw Object.assign(new Error(message.split("\n")[0]), { code: "ENOSPC" });
  }
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  const what = line === undefined ? "" : `:${line}`;
  const reason =
    /^(Expected Number of Columns.*|Value with unterminated quote.*|Invalid unicode.*|Maximum line size.*)$/m.exec(
      message,
    )?.[0] ??
    message.split("\n").find((text) => text.trim() !== "") ??
    "";
  return new DataError(
    `${file}${what}: cannot be read as ${line === undefined ? "a table" : "CSV"}`,
    {
      why: reason.slice(0, 300),
      todo: "correct the file, or write it again",
      cause,
    },
  );
}

/** A name without characters that DuckDB takes for a pattern. */
async function linkTo({ table, folder }: TableJob, name: string): Promise<string> {
  const link = join(folder, name);
  await symlink(table, link);
  return link;
}

/** JSON where the text is, the text itself otherwise, null where there is none. */
function jsonCell(name: string): string {
  const column = identifier(name);
  return `CASE WHEN regexp_matches(${column}, '^\\s*[\\[{]') AND json_valid(${column})
    THEN ${column}::JSON ELSE to_json(${column}) END`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
