/** Arrow's IPC files as JSONL, through apache-arrow: the file format and the stream format. */
import { open } from "node:fs/promises";
import {
  CompressionType,
  compressionRegistry,
  type RecordBatch,
  RecordBatchReader,
} from "apache-arrow";
import { decompress } from "fzstd";
import { DataError } from "../../util/errors.js";
import { objectOf, stringifyJson } from "../../util/json/index.js";
import { cellsOf, expectOwnNames } from "./arrowCells.js";
import { statedRows } from "./arrowMessages.js";
import type { TableJob } from "./csvRows.js";
import { unlz4 } from "./unlz4.js";

// Into an array of their own, which begins where numbers of 8 bytes may.
compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => decompress(bytes).slice() });
compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: unlz4 });

/** Rows that are written at once. */
const rowsAtOnce = 100;

/**
 * Writes one row a line, a record batch after another: lists and structs as JSON without the nulls
 * that pad them, numbers as they are.
 * @throws DataError when the file is broken, or has values that are none of JSON
 */
export async function rowsOfArrow({ file, table, rows }: TableJob): Promise<void> {
  const output = await open(rows, "wx");
  const input = await open(table, "r");
  try {
    const stated = await statedRows(input);
    let written = 0;
    for await (const batch of await RecordBatchReader.from(input)) {
      // What apache-arrow makes up of a file without any has no columns.
      if (batch.numRows === 0) continue;
      for (const lines of linesOf(batch)) await output.writeFile(lines);
      written += batch.numRows;
    }
    if (written !== stated)
      throw new Error(`it has ${written} rows and says that it has ${stated}`);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOSPC") throw cause;
    throw new DataError(`${file}: cannot be read as Arrow`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "write it again, or convert it to Parquet or JSONL, for example with datasets' to_json",
      cause,
    });
  } finally {
    await input.close();
    await output.close();
  }
}

/** Some lines at a time. */
function* linesOf(batch: RecordBatch): Generator<string> {
  const { fields } = batch.schema;
  expectOwnNames(fields, "a row");
  const columns = fields.map(({ name }, at) => {
    const data = batch.data.children[at]!;
    if (data.length !== batch.numRows)
      throw new Error(`${name} has more or fewer values than rows`);
    return [name, cellsOf(data, name)] as const;
  });
  for (let from = 0; from < batch.numRows; from += rowsAtOnce) {
    let lines = "";
    for (let row = from; row < Math.min(from + rowsAtOnce, batch.numRows); row++) {
      lines += `${stringifyJson(objectOf(columns.map(([name, cells]) => [name, cells(row)])))}\n`;
    }
    yield lines;
  }
}
