/** Rows of Parquet files. */
import { readFileSync, truncateSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { Float } from "../../util/json/index.js";
import { testFolder } from "../testFiles.js";
import { duckdb, readAll, refusal } from "./testRows.js";

const folder = testFolder();
afterAll(() => folder.remove());
const options = { cache: folder.path("cache") };
const values = async (path: string) => (await readAll(path, options)).map(({ value }) => value);

describe("a Parquet file", () => {
  const row = `1::BIGINT AS id, 9007199254740993::BIGINT AS large, 'nan'::DOUBLE AS score,
    {'whole': 20.0::DOUBLE, 'small': 1e-7::DOUBLE, 'none': '-inf'::DOUBLE} AS parts,
    [{'role': 'user', 'content': '你好"\n'}, {'role': 'assistant', 'content': NULL}] AS messages,
    {'deep': [18446744073709551615::UBIGINT, 3]} AS nested, '[{"from": "human"}]' AS conversations,
    MAP {'10': 1, '9': 2} AS extra, TIMESTAMP '2024-01-02 03:04:05' AS made, true AS good`;
  const expected = {
    id: 1,
    large: 9007199254740993n,
    score: new Float(Number.NaN),
    parts: { whole: new Float(20), small: new Float(1e-7), none: new Float(-1 / 0) },
    messages: [{ role: "user", content: '你好"\n' }, { role: "assistant" }],
    nested: { deep: [18446744073709551615n, 3] },
    conversations: '[{"from": "human"}]',
    extra: new Map([
      ["10", 1],
      ["9", 2],
    ]),
    made: "2024-01-02 03:04:05",
    good: true,
  };

  test.each(["uncompressed", "snappy", "zstd", "gzip"])(
    "in %s gives lists and structs as they are",
    async (codec) => {
      const path = folder.path(`${codec}.parquet`);
      await duckdb(`COPY (SELECT ${row}) TO '${path}' (FORMAT parquet, COMPRESSION ${codec})`);
      expect(await readAll(path, options)).toEqual([{ line: 1, value: expected }]);
    },
  );

  test("keeps the order of rows over row groups, and may be compressed as a whole", async () => {
    const path = folder.path("groups.parquet");
    await duckdb(
      `COPY (SELECT i AS "index", '行' || i AS "text" FROM range(6000) t(i))
       TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
    );
    const rows = Array.from({ length: 6000 }, (_, index) => ({ index, text: `行${index}` }));
    const read = await readAll(path, options);
    expect(read.map(({ value }) => value)).toEqual(rows);
    expect(read.at(-1)!.line).toBe(6000);
    const packed = folder.write("groups.parquet.gz", gzipSync(readFileSync(path)));
    expect(await values(packed)).toEqual(rows);
  });

  test("that is cut or is none is refused", async () => {
    const path = folder.path("cut.parquet");
    await duckdb(`COPY (SELECT ${row}) TO '${path}' (FORMAT parquet)`);
    truncateSync(path, 1000);
    for (const broken of [path, folder.write("none.parquet", "PAR1rest")]) {
      expect(await refusal(broken, options)).toMatchObject({
        name: "DataError",
        what: "FILE: cannot be read as Parquet",
      });
    }
  });
});
