/** Arrow files that pyarrow wrote, next to Parquet of the same table. */
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { readAll, refusal } from "../../src/data/rowFile/testRows.js";
import { testFolder } from "../../src/data/testFiles.js";
import { Float } from "../../src/util/json/index.js";
import { fixture } from "./fixtures.js";

const folder = testFolder();
afterAll(() => folder.remove());
const options = { cache: folder.path("cache") };
const table = (name: string) => fixture(`tool-rows/${name}`);

test.each(["types.arrow", "types.file.arrow", "types.zstd.arrow", "types.feather"])(
  "%s has the rows of the Parquet file",
  async (name) => {
    const rows = await readAll(table(name), options);
    expect(rows).toEqual(await readAll(table("types.parquet"), options));
    expect(rows).toHaveLength(3);
    expect(rows[0]!.value).toMatchObject({
      int64: 2n ** 53n + 1n,
      uint64: 2n ** 64n - 1n,
      float64: new Float(20),
      text: "\ufeff火锅\n",
      dictionary: "a",
      binary: "\\x00\\xFFa\\x27\\x5C",
      large_list: [1, null],
      nanoseconds: "2024-01-02 03:04:05.1234567",
    });
    expect((rows[0]!.value as { calls: unknown }).calls).toEqual([
      { role: "user", call: { limit: new Float(20) } },
      { role: "tool", name: "f" },
    ]);
  },
);

test("texts of views, long ones and no rows at all are read", async () => {
  const texts = async (name: string) =>
    (await readAll(table(name), options)).map(({ value }) => (value as { text: unknown }).text);
  expect(await texts("views.arrow")).toEqual([null, "short", "a text that is longer than a view"]);
  expect(await texts("long.lz4.arrow")).toEqual(["repeated ".repeat(40_000), "end"]);
  expect(await texts("empty.arrow")).toEqual([]);
});

test("types that JSON does not have are refused with the column", async () => {
  expect(await refusal(table("duration.arrow"), options)).toMatchObject({
    what: "FILE: cannot be read as Arrow",
    why: "row.took has values of the type Duration<MICROSECOND>, which JSON does not have",
  });
});

test.each(["types.arrow", "types.file.arrow"])("%s that is not whole is refused", async (name) => {
  const bytes = readFileSync(table(name));
  const cuts = [4, 100, bytes.length >> 1, bytes.length - 8, bytes.length - 1];
  for (const length of cuts) {
    const path = folder.write(`cut-${length}.arrow`, bytes.subarray(0, length));
    expect(await refusal(path, options)).toMatchObject({ what: "FILE: cannot be read as Arrow" });
  }
  const twice = folder.write("twice.arrow", Buffer.concat([bytes, bytes]));
  expect(await refusal(twice, options)).toMatchObject({
    why: "there is other data after the end of its rows",
  });
});
