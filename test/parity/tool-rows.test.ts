/** Rows with calls of tools that datasets wrote as tables, next to the same rows as JSONL. */
import { readFileSync } from "node:fs";
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

test.each(["", "/data-00000-of-00001.arrow"])(
  "what save_to_disk writes is refused%s",
  async (name) => {
    const saved = fixture(`tool-rows/texts.saved${name}`);
    await expect(convertFiles([saved], folder.path("no.jsonl"))).rejects.toThrow(/Arrow file/);
  },
);
