/** Rows of CSV files. */
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { testFolder } from "../testFiles.js";
import { readAll, refusal } from "./testRows.js";

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

  test("has texts in all cells", async () => {
    const messages = [{ role: "user", content: '问"题\n' }];
    const cell = `"${JSON.stringify(messages, null, 2).replaceAll('"', '""')}"`;
    const path = folder.write(
      "b.csv",
      `id,messages,history,tools\n1,${cell},,[1]\n2,[broken,,{}\n`,
    );
    expect(await values(path)).toEqual([
      { id: "1", messages: JSON.stringify(messages, null, 2), history: "", tools: "[1]" },
      { id: "2", messages: "[broken", history: "", tools: "{}" },
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

  test("may begin with the index that pandas writes without a name", async () => {
    const path = folder.write("index.csv", ",instruction,output\n0,a,b\n");
    expect(await values(path)).toEqual([{ "Unnamed: 0": "0", instruction: "a", output: "b" }]);
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
    ["too few cells", "a,b\n1,2\n\n3\n4,5\n", 4, /has 1 cell, and the header has 2/],
    ["too many cells", 'a,b\n"1\n1",2\n3,4,5\n', 4, /has 3 cells, and the header has 2/],
    ["an open quote", 'a,b\n1,2\n3,"4\n', 3, /never closed/],
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

test("lines and cells are right over the borders of what is read at once", async () => {
  const cells = Array.from({ length: 4000 }, (_, index) => {
    const text = `行${index} "q" \r\n,`.repeat(index % 97);
    return index % 3 === 0 ? `x${index} " y` : text;
  });
  const quoted = (cell: string) => (/\n/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const path = folder.write(
    "b.csv",
    `text;n\r\n${cells.map((cell) => `${quoted(cell)};1\r\n`).join("")}`,
  );
  let line = 2;
  expect(await readAll(path, options)).toEqual(
    cells.map((text) => {
      const row = { line, value: { text, n: "1" } };
      line += text.split("\n").length;
      return row;
    }),
  );
});

test("a record that does not end is given up before it fills the memory", async () => {
  const path = folder.write("open.csv", `a,b\n1,2\n"${"x\n".repeat(40 << 20)}`);
  expect(await refusal(path, options)).toMatchObject({
    what: expect.stringMatching(/^FILE:3: the row is over 3[3-6] MB long$/),
  });
  const commas = folder.write("commas.csv", `a,b\n${",".repeat(80 << 20)}`);
  expect(await refusal(commas, options)).toMatchObject({
    what: expect.stringMatching(/^FILE:2: the row is over 3[3-6] MB long$/),
  });
});

test("bytes that are no UTF-8 are refused with their line, in a cell of several lines too", async () => {
  const rows = `a,b\n${"1,二\n".repeat(400_000)}`;
  const bytes = Buffer.concat([
    Buffer.from(`${rows}"x\ny `),
    Buffer.from([0xff]),
    Buffer.from('",2\n'),
  ]);
  expect(await refusal(folder.write("bytes.csv", bytes), options)).toMatchObject({
    name: "DataError",
    what: "FILE:400003: not UTF-8",
  });
  const cut = Buffer.from("a,b\n1,二").subarray(0, -1);
  expect(await refusal(folder.write("cut.csv", cut), options)).toMatchObject({
    what: "FILE:2: not UTF-8",
  });
});
