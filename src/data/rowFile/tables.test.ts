/** Rows of CSV and Parquet files. */
import { readFileSync, truncateSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { testFolder } from "../testFiles.js";
import { duckdb, readAll, refusal } from "./testRows.js";

const folder = testFolder();
afterAll(() => folder.remove());
const options = { cache: folder.path("cache") };
const values = async (path: string) => (await readAll(path, options)).map(({ value }) => value);

describe("a CSV file", () => {
  test("gives rows with quoted line breaks, commas and quotes, and the line of each", async () => {
    const path = folder.write(
      "a.csv",
      "\uFEFFinstruction,input,output\r\n" +
        '"第一行\r\n第二行，""引号""",,好的\r\n' +
        "\r\n\r\n" +
        '007,5" disk,"a,b\n\nc"\r\n' +
        "null,NaN,2024-01-01",
    );
    expect(await readAll(path, options)).toEqual([
      { line: 2, value: { instruction: '第一行\r\n第二行，"引号"', input: "", output: "好的" } },
      { line: 6, value: { instruction: "007", input: '5" disk', output: "a,b\n\nc" } },
      { line: 9, value: { instruction: "null", input: "NaN", output: "2024-01-01" } },
    ]);
  });

  test("reads conversations that a cell holds as JSON, and leaves other texts alone", async () => {
    const messages = [{ role: "user", content: '问"题\n' }];
    const cell = `"${JSON.stringify(messages, null, 2).replaceAll('"', '""')}"`;
    const path = folder.write(
      "b.csv",
      `id,messages,history,tools\n1,${cell},,[1]\n2,[broken,,{}\n`,
    );
    expect(await values(path)).toEqual([
      { id: "1", messages, history: null, tools: "[1]" },
      { id: "2", messages: "[broken", history: null, tools: "{}" },
    ]);
  });

  test("may have tabs or semicolons, one column, a strange name, or be compressed", async () => {
    expect(await values(folder.write("c.tsv", "a\tb\n1,5\t你\n"))).toEqual([{ a: "1,5", b: "你" }]);
    expect(await values(folder.write("d.csv", "a;b\n1;2\n"))).toEqual([{ a: "1", b: "2" }]);
    const one = await readAll(folder.write("e'[1]*.csv", "text\nx\n\ny\n"), options);
    expect(one).toEqual([
      { line: 2, value: { text: "x" } },
      { line: 3, value: { text: "" } },
      { line: 4, value: { text: "y" } },
    ]);
    const packed = folder.write("f.csv.gz", gzipSync("a,b\n你,2\n"));
    expect(await values(packed)).toEqual([{ a: "你", b: "2" }]);
  });

  test("without a header, or with one that names a column twice, is refused", async () => {
    for (const [head, why] of [
      [`${"x".repeat(300)},b`, /column 1 is a text of 300 characters/],
      ["a,,c", /column 2 has no name/],
      ["a,A", /two columns are named "A"/],
    ] as const) {
      expect(await refusal(folder.write("head.csv", `${head}\n1,2,3\n`), options)).toMatchObject({
        what: "FILE:1: the first line does not name the columns",
        why: expect.stringMatching(why),
      });
    }
  });

  test.each([
    ["too few cells", "a,b\n1,2\n\n3\n4,5\n", 4, /Expected Number of Columns: 2 Found: 1/],
    ["too many cells", 'a,b\n"1\n1",2\n3,4,5\n', 4, /Expected Number of Columns: 2 Found: 3/],
    ["an open quote", 'a,b\n1,2\n3,"4\n', 3, /unterminated quote/],
  ])("with %s is refused with the line", async (_, text, line, why) => {
    expect(await refusal(folder.write("bad.csv", text), options)).toMatchObject({
      name: "DataError",
      what: `FILE:${line}: cannot be read as CSV`,
      why: expect.stringMatching(why),
    });
  });

  test("whose row is over 16 MiB is refused, and up to there it is read", async () => {
    const long = "字".repeat(5_500_000);
    const fits = await values(folder.write("fits.csv", `a,b\n${long},2\n`));
    expect(fits).toEqual([{ a: long, b: "2" }]);
    const path = folder.write("long.csv", `a,b\n"1\n",2\n${long}${long},2\n`);
    expect(await refusal(path, options)).toMatchObject({ what: "FILE:4: the row is 33 MB long" });
  });
});

describe("a Parquet file", () => {
  const row = `1::BIGINT AS id, 9007199254740993::BIGINT AS large, 'nan'::DOUBLE AS score,
    [{'role': 'user', 'content': '你好"\n'}, {'role': 'assistant', 'content': NULL}] AS messages,
    {'deep': [18446744073709551615::UBIGINT, 3]} AS nested, '[{"from": "human"}]' AS conversations,
    MAP {'a': 1} AS extra, TIMESTAMP '2024-01-02 03:04:05' AS made, true AS good`;
  const expected = {
    id: 1,
    large: "9007199254740993",
    score: null,
    messages: [
      { role: "user", content: '你好"\n' },
      { role: "assistant", content: null },
    ],
    nested: { deep: ["18446744073709551615", 3] },
    conversations: [{ from: "human" }],
    extra: { a: 1 },
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
