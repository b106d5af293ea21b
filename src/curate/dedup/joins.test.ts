/** Joins of more rows than one chunk of DuckDB holds. */
import { mkdirSync } from "node:fs";
import { DuckDBDataChunk } from "@duckdb/node-api";
import { afterAll, expect, test, vi } from "vitest";
import { testFolder } from "../../data/testFiles.js";
import { candidateEdges } from "./joins.js";
import { defaultParameters } from "./parameters.js";
import { openRecords } from "./records.js";
import { encodeHeader, openSignatureFile, recordBytes, recordHead } from "./signatureFile.js";

const folder = testFolder();
afterAll(() => folder.remove());

test("find the same pairs as in memory, with one chunk's memory whatever the number of rows", async () => {
  const rows = 9000;
  const parameters = { ...defaultParameters, permutations: 16 };
  const files = [{ file: "rows.jsonl", rows, bytes: 1, content: "" }];
  const header = { parameters, files, shard: 0, shards: 1, firstRow: 0, rows, common: "" };
  const size = recordBytes(parameters);
  const bytes = Buffer.alloc(rows * size);
  for (let row = 0; row < rows; row++) {
    for (let number = 0; number < 16; number++) {
      // Every row is like the one 5000 rows before it in its second half.
      const value = number < 8 ? row * 16 : (row % 5000) * 16 + number;
      bytes.writeUInt32LE(value, row * size + recordHead + 4 * number);
    }
  }
  const path = folder.write("one.signatures", Buffer.concat([encodeHeader(header), bytes]));
  const file = await openSignatureFile(path);
  const place = folder.path("joins");
  mkdirSync(place);
  const pairs = async (keysInMemory: number) => {
    const found: string[] = [];
    const options = { folder: place, memoryLimit: "100MB", threads: 1, distance: 4, keysInMemory };
    const banding = { bands: 2, rows: 8 };
    for await (const edges of candidateEdges(openRecords([file]), { ...options, banding })) {
      found.push(...edges.map((edge) => edge.join()));
    }
    return found.sort();
  };
  const create = vi.spyOn(DuckDBDataChunk, "create");
  const inDuckDb = await pairs(0);
  expect(create).toHaveBeenCalledTimes(1);
  expect(inDuckDb).toHaveLength(4000);
  expect(inDuckDb).toContain("5000,0");
  expect(await pairs(1e9)).toEqual(inDuckDb);
  await file.close();
});
