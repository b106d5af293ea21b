/** Rows with calls of tools that datasets wrote as tables, next to the same rows as JSONL. */
import { cpSync, readFileSync, rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { convertFiles } from "../../src/data/convert.js";
import { testFolder } from "../../src/data/testFiles.js";
import { fixture } from "./fixtures.js";

const folder = testFolder();
afterAll(() => folder.remove());

async function converted(file: string): Promise<string> {
  const out = folder.path("out.jsonl");
  const { rowsRejected } = await convertFiles([file], out);
  expect(rowsRejected).toBe(0);
  return readFileSync(out, "utf8");
}

test.each(["objects", "texts"])("Parquet of %s is the JSONL that it was made of", async (name) => {
  const rows = await converted(fixture(`tool-rows/${name}.jsonl`));
  expect(await converted(fixture(`tool-rows/${name}.parquet`))).toBe(rows);
  expect(rows).toContain(name === "objects" ? '"amount":20.0,"rate":1e-07' : '"limit":null');
});

test.each(["objects", "texts"])(
  "what save_to_disk wrote of %s is the JSONL that it was made of",
  async (name) => {
    const rows = await converted(fixture(`tool-rows/${name}.jsonl`));
    expect(await converted(fixture(`tool-rows/${name}.saved`))).toBe(rows);
  },
);

test("shards are read in their order, and one that is missing is told", async () => {
  const rows = await converted(fixture("tool-rows/objects.jsonl"));
  const shards = folder.path("shards");
  cpSync(fixture("tool-rows/objects.shards"), shards, { recursive: true });
  // What a call of map leaves behind.
  cpSync(`${shards}/data-00000-of-00002.arrow`, `${shards}/cache-0f1e2d3c4b5a6978.arrow`);
  expect(await converted(shards)).toBe(rows);
  rmSync(`${shards}/data-00001-of-00002.arrow`);
  await expect(converted(shards)).rejects.toThrow(/data-00001-of-00002.arrow is missing/);
});
