/** What many rows have in common, whoever counts it. */
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { messagesRow, testFolder } from "../../data/testFiles.js";
import { commonShingles } from "./commonText.js";
import { dedupFiles, makeSignatures, mergeSignatures } from "./dedup.js";
import { defaultParameters } from "./parameters.js";
import { shingleHashes } from "./signatures.js";
import { describeFiles } from "./sourceFiles.js";

const folder = testFolder();
afterAll(() => folder.remove());

const template =
  "Read the text below and say in one word whether its writer was content with it or not.";
const asked = (row: number) =>
  messagesRow(`${template} I bought item${row} and used it.`, "Content.");
const other = (row: number) =>
  messagesRow(`Who wrote volume${row}?`, `Somebody else, in year${row}.`);
const rows = (count: number, make: (row: number) => object) =>
  Array.from({ length: count }, (_, row) => make(row));

async function common(files: readonly string[], share: number | null = null) {
  const described = await describeFiles(files, {});
  return commonShingles(described, { ...defaultParameters, commonShare: share });
}

test("is found by its share of the rows of a file", async () => {
  const file = folder.write("mixed.jsonl", [...rows(20, asked), ...rows(80, other)]);
  const found = new Set(await common([file]));
  for (const hash of shingleHashes(template, defaultParameters)) expect(found).toContain(hash);
  const own = shingleHashes("I bought item3 and used it.", defaultParameters);
  expect([...own].filter((hash) => found.has(hash))).toEqual([]);
  expect(await common([file], 0.3)).toHaveLength(0);
});

test("is that of a template in a fiftieth of a large file's rows", async () => {
  const file = folder.write("fiftieth.jsonl", [...rows(60, asked), ...rows(2900, other)]);
  const found = new Set(await common([file]));
  for (const hash of shingleHashes(template, defaultParameters)) expect(found).toContain(hash);
});

test("of a small file counts, however large the others are", async () => {
  const small = folder.write("small.jsonl", rows(12, asked));
  const large = folder.write("large.jsonl", rows(3000, other));
  const found = new Set(await common([large, small]));
  for (const hash of shingleHashes(template, defaultParameters)) expect(found).toContain(hash);
  const out = folder.path("both.jsonl");
  const report = await dedupFiles([large, small], out, { threads: 1 });
  expect(report).toMatchObject({ written: true, rowsOut: 3012 });
});

test("is nothing that only a few rows have", async () => {
  expect(await common([folder.write("four.jsonl", rows(4, asked))])).toHaveLength(0);
});

test("is passed over where rows cannot be read", async () => {
  const lines = rows(10, asked).map((row) => JSON.stringify(row));
  const file = folder.write("broken.jsonl", `{"mess\n${lines.join("\n")}\n[1]\n`);
  expect((await common([file])).length).toBeGreaterThan(5);
});

test("is the same for every shard, and so is the result", async () => {
  const file = folder.write("whole.jsonl", [
    ...rows(40, asked),
    ...rows(30, asked),
    ...rows(50, other),
  ]);
  const whole = folder.path("whole-out.jsonl");
  const report = await dedupFiles([file], whole, { threads: 1 });
  expect(report).toMatchObject({ rowsOut: 90, duplicates: 30 });
  expect(report.commonShingles).toBeGreaterThan(5);
  for (const shards of [3, 7]) {
    const out = folder.path(`shards-${shards}.jsonl`);
    for (let shard = 0; shard < shards; shard++) {
      await makeSignatures([file], out, { shard, shards }, { threads: 2 });
    }
    await mergeSignatures([file], out, { threads: 2 });
    for (const end of ["", ".rejected.jsonl", ".clusters.jsonl"]) {
      expect(readFileSync(out + end)).toEqual(readFileSync(whole + end));
    }
  }
});
