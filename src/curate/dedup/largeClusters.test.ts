/** Clusters that take a large share of the data, and what is said about them. */
import { existsSync, readdirSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { messagesRow, testFolder } from "../../data/testFiles.js";
import { dedupFiles, makeSignatures, mergeSignatures } from "./dedup.js";

const folder = testFolder();
afterAll(() => folder.remove());

const different = (count: number) =>
  Array.from({ length: count }, (_, row) => messagesRow(`What comes after ${row}?`, `${row + 1}`));
const long = "It is a text of more than five words that somebody wrote";
const same = (count: number) =>
  Array.from({ length: count }, () => messagesRow("What is this?", `${long}.`));

const options = { threads: 1 };

describe("a cluster of more than a few rows and of a large share of them", () => {
  const file = folder.write("large.jsonl", [...different(80), ...same(20)]);

  test("stops the run before anything is written, and is shown", async () => {
    const out = folder.path("stopped.jsonl");
    const report = await dedupFiles([file], out, options);
    expect(report).toMatchObject({ written: false, duplicates: 19, rowsIn: 100, rowsOut: 0 });
    const [cluster] = report.largeClusters.shown;
    expect(cluster).toMatchObject({ size: 20, share: 0.19, fileShare: 0.19, equal: 19, file });
    expect(cluster?.kept).toMatchObject({ file, line: 81 });
    expect(cluster?.removed.map(({ line }) => line)).toEqual([82, 91, 100]);
    expect(cluster?.common).toBe(`What is this?\n${long}.`);
    expect(readdirSync(folder.path(".")).filter((name) => name.startsWith("stopped"))).toEqual([]);
  });

  test("goes where that is accepted", async () => {
    const out = folder.path("accepted.jsonl");
    const merge = { acceptLarge: true };
    const report = await dedupFiles([file], out, { ...options, merge });
    expect(report).toMatchObject({ written: true, rowsOut: 81, largestCluster: 20 });
    expect(report.sizes).toEqual([{ from: 11, to: 100, clusters: 1, removed: 19 }]);
    expect(report.largeClusters.count).toBe(1);
  });

  test("leaves the signatures of shards for another merge", async () => {
    const out = folder.path("shards.jsonl");
    await makeSignatures([file], out, { shard: 0, shards: 1 }, options);
    expect(await mergeSignatures([file], out, options)).toMatchObject({ written: false });
    const merge = { acceptLarge: true };
    const report = await mergeSignatures([file], out, { ...options, merge });
    expect(report).toMatchObject({ written: true, rowsOut: 81 });
    expect(existsSync(`${out}.dedup`)).toBe(false);
  });

  test("may take a small file of many", async () => {
    const small = folder.write("small.jsonl", [...different(20), ...same(20)]);
    const large = folder.write("many.jsonl", different(900));
    const report = await dedupFiles([large, small], folder.path("both.jsonl"), options);
    expect(report).toMatchObject({ written: false });
    expect(report.largeClusters.shown[0]).toMatchObject({ file: small, fileShare: 19 / 40 });
  });

  test("shows what differs between its rows, and what they have in common", async () => {
    const rows = different(20).map((_, row) => ({ text: `${`${long}, `.repeat(4)}number ${row}` }));
    const file = folder.write("template.jsonl", rows);
    const parameters = { compare: "all" } as const;
    const report = await dedupFiles([file], folder.path("all.jsonl"), { ...options, parameters });
    const [cluster] = report.largeClusters.shown;
    expect(cluster).toMatchObject({ size: 20, equal: 0, common: expect.stringContaining(long) });
    expect(cluster?.removed.at(-1)?.excerpt).toMatch(/^….*number 19$/);
  });
});

test("clusters of many rows that take a tenth of all rows together stop the run too", async () => {
  const words = (set: number) =>
    Array.from({ length: 8 }, (_, at) => `w${"abcdefghij"[set]}${"klmnopqr"[at]}`).join(" ");
  const sets = Array.from({ length: 6 }, (_, set) => messagesRow(words(set), "Good."));
  const file = folder.write("sets.jsonl", [
    ...different(450),
    ...sets.flatMap((row) => Array(12).fill(row)),
  ]);
  const report = await dedupFiles([file], folder.path("sets.out"), options);
  expect(report).toMatchObject({ written: false, largestCluster: 12 });
  expect(report.largeClusters).toMatchObject({
    count: 6,
    shown: [{ share: 11 / 522 }, {}, {}, {}, {}, {}],
  });
});

test("a handful of rows, or a small share, does not", async () => {
  const few = folder.write("few.jsonl", [...different(5), ...same(10)]);
  expect((await dedupFiles([few], folder.path("few.out"), options)).written).toBe(true);
  const share = folder.write("share.jsonl", [...different(989), ...same(11)]);
  expect((await dedupFiles([share], folder.path("share.out"), options)).written).toBe(true);
});
