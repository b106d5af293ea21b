/** Records of CSV files. */
import { afterAll, expect, test } from "vitest";
import { testFolder } from "../testFiles.js";
import { csvRecords } from "./csvRecords.js";

const folder = testFolder();
afterAll(() => folder.remove());

test("begin on their lines whatever quotes and line breaks their cells hold", () => {
  const path = folder.write(
    "a.csv",
    '\uFEFF"a\n1",b\n\n\r\n"x ""y\n""",5" disk "\n"",""\n"""\n""",文\r\nlast,"cell"',
  );
  expect([...csvRecords(path, ",")]).toEqual([
    { line: 1, bytes: 10, isBlank: false },
    { line: 3, bytes: 0, isBlank: true },
    { line: 4, bytes: 1, isBlank: true },
    { line: 5, bytes: 20, isBlank: false },
    { line: 7, bytes: 5, isBlank: false },
    { line: 8, bytes: 12, isBlank: false },
    { line: 10, bytes: 11, isBlank: false },
  ]);
});

test("are found over the borders of what is read at once", () => {
  const cells = Array.from({ length: 4000 }, (_, index) => {
    const text = `行${index} "q" \n`.repeat(index % 97);
    return index % 3 === 0 ? `x${index} " y` : `"${text.replaceAll('"', '""')}"`;
  });
  const path = folder.write("b.csv", `text;n\r\n${cells.map((cell) => `${cell};1\r\n`).join("")}`);
  const records = [...csvRecords(path, ";")].slice(1);
  let line = 2;
  expect(records).toEqual(
    cells.map((cell) => {
      const record = { line, bytes: Buffer.byteLength(cell) + 3, isBlank: false };
      line += cell.split("\n").length;
      return record;
    }),
  );
});
