/** CSV and Parquet files as JSONL, through DuckDB. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../util/errors.js";
import { readCsvHead } from "./csvHead.js";
import { type CsvRecord, csvRecords } from "./csvRecords.js";
import { maxRowBytes, tooLong } from "./readRow.js";

export interface TableJob {
  /** How errors name the file. */
  file: string;
  /** Where it is. */
  table: string;
  /** Folder for what is needed meanwhile. */
  scratch: string;
  /** JSONL file to write. */
  rows: string;
}

/** Memory that DuckDB may use at first, and where that is not enough. */
const memoryLimits = ["200MB", "2GB"];

/** Of a CSV row in DuckDB's buffer, which has room for two, and in the case of longer rows. */
const usualRowBytes = 2 << 20;

/** The lines that rows begin on, one row after another. */
export interface RowLines {
  next(): number;
  close(): void;
}

/** Columns whose texts are JSON where they look like it; formats read tools as text themselves. */
const jsonColumns = new Set([
  "messages",
  "conversation",
  "conversations",
  "chat",
  "history",
  "chosen",
  "rejected",
]);

/**
 * Writes one row a line. Empty cells are empty texts, or null in {@link jsonColumns}.
 * @returns the lines that rows begin on, which need {@link TableJob.table}
 * @throws DataError when the file has no header, is no regular CSV file, or has a row over 16 MiB
 */
export async function rowsOfCsv(job: TableJob): Promise<RowLines> {
  const { delimiter, columns } = await readCsvHead(job.table, job.file);
  const isRow = ({ isBlank }: CsvRecord) => !isBlank || columns.length === 1;
  const { rows, longest } = measureRows(job, delimiter, isRow);
  const rowBytes = longest < usualRowBytes ? usualRowBytes : maxRowBytes + 1;
  const link = literal(await linkTo(job, "table.csv"));
  const types = columns.map((name) => `${literal(name)}: 'VARCHAR'`).join(", ");
  const source = `read_csv(${link}, auto_detect = false, header = true, strict_mode = true,
    delim = ${literal(delimiter)}, quote = '"', escape = '"', columns = {${types}},
    max_line_size = ${rowBytes}, buffer_size = ${2 * rowBytes})`;
  const cells = columns.map((name) =>
    jsonColumns.has(name)
      ? `${jsonCell(name)} AS ${identifier(name)}`
      : `coalesce(${identifier(name)}, '') AS ${identifier(name)}`,
  );
  await withDatabase(job, delimiter, async (run) => {
    const [written] = await run(
      `COPY (SELECT ${cells.join(", ")} FROM ${source}) TO ${literal(job.rows)} (FORMAT json)`,
    );
    if (Number(written?.Count) !== rows) {
      throw new Error(`it has ${rows} rows, and DuckDB reads ${written?.Count} from it`);
    }
  });
  const records = csvRecords(job.table, delimiter);
  records.next();
  return {
    next() {
      for (;;) {
        const { value } = records.next();
        if (value === undefined || isRow(value)) return value?.line ?? 0;
      }
    },
    close: () => void records.return(undefined),
  };
}

/** How many rows a CSV file has, and how long the longest one is. */
function measureRows(
  { file, table }: TableJob,
  delimiter: string,
  isRow: (record: CsvRecord) => boolean,
): { rows: number; longest: number } {
  let rows = -1;
  let longest = 0;
  for (const record of csvRecords(table, delimiter)) {
    if (record.bytes > maxRowBytes) throw tooLong(record.bytes, `${file}:${record.line}`);
    if (rows === -1 || isRow(record)) rows++;
    longest = Math.max(longest, record.bytes);
  }
  return { rows, longest };
}

/** The 1-based line of a record that DuckDB names by its number. */
function lineOfRecord(table: string, delimiter: string, number: number): number {
  let at = 0;
  for (const { line } of csvRecords(table, delimiter)) if (++at === number) return line;
  return number;
}

/**
 * Writes one row a line: lists and structs as JSON; numbers that are not finite as null.
 * @throws DataError when the file is broken
 */
export async function rowsOfParquet(job: TableJob): Promise<void> {
  const table = literal(await linkTo(job, "table.parquet"));
  await withDatabase(job, undefined, async (run) => {
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
}

type Run = (sql: string) => Promise<Record<string, unknown>[]>;

/** Runs statements; once more with more memory where it was too little. */
async function withDatabase(
  job: TableJob,
  delimiter: string | undefined,
  action: (run: Run) => Promise<void>,
): Promise<void> {
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
      throw brokenTable(job, error, delimiter);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
}

/** DuckDB counts records where it says lines. */
const recordPattern = /CSV Error on Line: (\d+)/;

const reasonPattern =
  /^(Expected Number of Columns|Value with unterminated quote|Invalid unicode|Maximum line size).*$/m;

function brokenTable({ file, table }: TableJob, cause: unknown, delimiter?: string): unknown {
  const message = cause instanceof Error ? cause.message : String(cause);
  const [first = ""] = message.split("\n").filter((text) => text.trim() !== "");
  if (/No space left|disk is full/i.test(message)) {
    return Object.assign(new Error(first), { code: "ENOSPC" });
  }
  const detail = {
    why: (reasonPattern.exec(message)?.[0] ?? first).slice(0, 300),
    todo: "correct the file, or write it again",
    cause,
  };
  const record = recordPattern.exec(message)?.[1];
  if (delimiter === undefined) return new DataError(`${file}: cannot be read as Parquet`, detail);
  const line = record === undefined ? "" : `:${lineOfRecord(table, delimiter, Number(record))}`;
  return new DataError(`${file}${line}: cannot be read as CSV`, detail);
}

/** A name without characters that DuckDB takes for a pattern. */
async function linkTo({ table, scratch }: TableJob, name: string): Promise<string> {
  const link = join(scratch, name);
  await symlink(table, link);
  return link;
}

/** JSON where the text is, the text itself otherwise, null where there is none. */
function jsonCell(name: string): string {
  const column = identifier(name);
  return `CASE WHEN regexp_matches(${column}, '^\\s*[\\[{]') AND json_valid(${column})
    THEN json(${column}) ELSE to_json(${column}) END`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
