/** Deduplication of files: who goes, who stays, in one run or in shards. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { messagesRow, testFolder } from "../../data/testFiles.js";
import { ConfigError, DataError, EnvironmentError } from "../../util/errors.js";
import { type DedupOptions, dedupFiles, makeSignatures, mergeSignatures } from "./dedup.js";
import { shardPath } from "./workFolder.js";

const folder = testFolder();
afterAll(() => folder.remove());

const lines = (path: string): Record<string, unknown>[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

const bread =
  "Wrap it in linen and keep it in a clay pot with a lid, in a dry and dark corner of the kitchen, " +
  "away from the oven; cut only what you eat, and put the cut side down on a wooden board. After " +
  "four days toast the slices, after six make crumbs of them.";
const brot =
  "用亚麻布包好，放在有盖的陶罐里，放在厨房干燥阴凉的角落，远离烤箱；吃多少切多少，切面朝下放在木板上。" +
  "四天以后把面包片烤一烤，六天以后就做成面包屑。冰箱会让面包更快变硬，所以不要放进冷藏室，冷冻则可以。";

const rows = [
  messagesRow("How do I keep bread fresh?", bread), // 0
  messagesRow("怎样让面包保持新鲜？", brot), // 1
  messagesRow("How do I keep bread fresh?", bread), // 2 equals 0
  messagesRow("What is the capital of Norway?", "Oslo."), // 3
  messagesRow("How do I keep bread fresh?", `${bread} Good luck with it!`, "Thanks", "Ask again."), // 4 near 0
  messagesRow("怎样让面包保持新鲜？", `${brot}祝你成功。`), // 5 near 1
  messagesRow("What is the capital of Peru?", "Lima."), // 6
  messagesRow("挪威的首都是哪里？", "奥斯陆。"), // 7
  messagesRow("秘鲁的首都是哪里？", "利马。"), // 8
  messagesRow("How do I keep bread fresh?", "I do not know."), // 9 the first prompt of 0
];
let file: string;
beforeAll(() => {
  file = folder.write("rows.jsonl", rows);
});

/** Indices of the rows that stay, and the pairs [gone, kept]. */
async function dedup(options: Partial<DedupOptions> = {}, files: readonly string[] = [file]) {
  const out = folder.path(`out-${Math.random()}.jsonl`);
  const report = await dedupFiles(files, out, { threads: 1, ...options });
  const rejected = lines(report.rejectedFile) as { line: number; kept?: { line: number } }[];
  expect(report.rowsIn).toBe(report.rowsOut + report.rowsRejected);
  expect(lines(out)).toHaveLength(report.rowsOut);
  expect(rejected).toHaveLength(report.rowsRejected);
  expect(existsSync(`${out}.dedup`)).toBe(false);
  const pairs = rejected.map(({ line, kept }) => [line - 1, (kept?.line ?? 0) - 1]);
  return { out, report, rejected, pairs };
}

describe("near duplicates", () => {
  test("go, in Chinese and in English, and no short or other text goes with them", async () => {
    const { out, report, rejected, pairs } = await dedup();
    expect(pairs).toEqual([
      [2, 0],
      [4, 0],
      [5, 1],
    ]);
    expect(lines(out)).toEqual([0, 1, 3, 6, 7, 8, 9].map((index) => rows[index]));
    expect(rejected[0]).toEqual({
      file,
      line: 3,
      reason: "near duplicate",
      kept: { file, line: 1 },
      similarity: 1,
    });
    expect(report).toMatchObject({ clusters: 2, largestCluster: 3, duplicates: 3, refused: 0 });
    expect(lines(report.clustersFile)).toMatchObject([
      { cluster: 0, size: 3, kept: { file, line: 1 }, removed: [{ line: 3 }, { line: 5 }] },
      { cluster: 1, size: 2, kept: { file, line: 2 }, removed: [{ line: 6 }] },
    ]);
  });

  test("are the same whether joined in memory or in DuckDB, with little memory", async () => {
    const texts = Array.from({ length: 600 }, (_, index) => ({
      text: `${index % 3 === 0 ? bread : brot} ${"x ".repeat(index % 7)} ${index % 40}`,
    }));
    const many = folder.write("joined.jsonl", [...texts, ...rows]);
    const parameters = { compare: "all" } as const;
    const merge = { acceptLarge: true };
    const inMemory = await dedup({ parameters, merge }, [many]);
    const tight = { ...merge, keysInMemory: 0, memoryLimit: "100MB" };
    const inDuckDb = await dedup({ parameters, merge: tight }, [many]);
    expect(inMemory.report.duplicates).toBeGreaterThan(500);
    expect(inDuckDb.pairs).toEqual(inMemory.pairs);
  });

  test.each([
    ["last", [0, 4], [1, 5], [2, 4]],
    ["longest", [0, 4], [1, 5], [2, 4]],
    ["most-turns", [0, 4], [2, 4], [5, 1]],
  ] as const)("keep the %s", async (keep, ...expected) => {
    expect((await dedup({ merge: { keep } })).pairs).toEqual(expected);
  });

  test("of a higher threshold are fewer", async () => {
    const { pairs } = await dedup({ merge: { banding: { bands: 2, rows: 128 } } });
    expect(pairs).toEqual([[2, 0]]);
  });

  test("stay where the check finds their true similarity below the threshold", async () => {
    const loose = { banding: { bands: 256, rows: 1 } };
    const unchecked = await dedup({ merge: { ...loose, checkJaccard: false } });
    expect(unchecked.report.duplicates).toBeGreaterThan(3);
    const { pairs, rejected } = await dedup({
      merge: { ...loose, threshold: 0.75 },
    });
    expect(pairs).toEqual([
      [2, 0],
      [4, 0],
      [5, 1],
    ]);
    for (const { similarity } of rejected as unknown as { similarity: number }[]) {
      expect(similarity).toBeGreaterThanOrEqual(0.75);
    }
  });

  test("by SimHash, of a distance of some bits", async () => {
    const merge = { distance: 6 };
    const near = await dedup({ parameters: { method: "simhash" }, merge });
    expect(near.pairs).toContainEqual([2, 0]);
    expect(near.pairs.map(([gone]) => gone)).not.toContain(3);
    const texts = Array.from({ length: 40 }, (_, index) => ({ text: `${brot.repeat(6)}${index}` }));
    const many = folder.write("near.jsonl", texts);
    const parameters = { method: "simhash", compare: "all" } as const;
    const all = await dedup({ parameters, merge: { ...merge, acceptLarge: true } }, [many]);
    expect(all.report.rowsOut).toBeLessThan(5);
  });
});

describe("equal rows", () => {
  test("go alone with the exact method", async () => {
    const { pairs, rejected } = await dedup({ parameters: { method: "exact" } });
    expect(pairs).toEqual([[2, 0]]);
    expect(rejected[0]).toMatchObject({ reason: "duplicate", similarity: 1 });
  });

  test("of the first prompt", async () => {
    const { pairs } = await dedup({ parameters: { method: "exact", by: "first-prompt" } });
    expect(pairs).toEqual([
      [2, 0],
      [4, 0],
      [5, 1],
      [9, 0],
    ]);
  });

  test("may have other ids of calls, but no other calls", async () => {
    const calling = (id: string, city: string) => ({
      messages: [
        { role: "user", content: "Is it warm?" },
        {
          role: "assistant",
          content: "",
          tool_calls: [
            { id, type: "function", function: { name: "weather", arguments: { city } } },
          ],
        },
        { role: "tool", tool_call_id: id, content: "20 °C" },
        { role: "assistant", content: "It is." },
      ],
    });
    const calls = [calling("a1", "Rome"), calling("b2", "Rome"), calling("a1", "Oslo")];
    const own = folder.write("calls.jsonl", calls);
    const { pairs } = await dedup({ parameters: { method: "exact" } }, [own]);
    expect(pairs).toEqual([[1, 0]]);
  });

  test("in other formats and files are equal too", async () => {
    const firefly = [
      { conversation: [{ human: "What is the capital of Peru?", assistant: "Lima." }] },
    ];
    const other = folder.write("firefly.jsonl", firefly);
    const { pairs, rejected } = await dedup({ parameters: { method: "exact" } }, [other, file]);
    expect(pairs).toContainEqual([6, 0]);
    expect(rejected[1]).toMatchObject({ file, kept: { file: other, line: 1 } });
  });
});

describe("very long rows", () => {
  test("are compared, a few at a time", async () => {
    const long = (seed: number) => {
      const numbers = Array.from({ length: 90_000 }, (_, index) => (index * seed) % 99_991);
      return { text: numbers.join(" ") };
    };
    const own = folder.write("long.jsonl", [
      long(7),
      long(11),
      long(7),
      { text: "short" },
      long(13),
    ]);
    expect((await dedup({}, [own])).pairs).toEqual([[2, 0]]);
  });
});

describe("rows that cannot be read", () => {
  test("are those that cannot be written too: they stand for no other row", async () => {
    const turns = [{ human: "What is the capital of Peru?", assistant: "Lima." }];
    const own = folder.write("unwritable.jsonl", [
      { conversation: turns, messages: "a key that the result has too" },
      { conversation: turns },
      { conversation: turns },
    ]);
    const { report, rejected } = await dedup({}, [own]);
    expect(report).toMatchObject({ rowsOut: 1, refused: 1, duplicates: 1 });
    expect(rejected).toMatchObject([{ line: 1 }, { line: 3, kept: { line: 2 } }]);
  });

  const broken = () => folder.write("broken.jsonl", `${JSON.stringify(rows[3])}\n{"mess\n[1]\n`);

  test("are listed with the reason, and counted", async () => {
    const { report, rejected } = await dedup({}, [broken(), file]);
    expect(report).toMatchObject({ rowsIn: 13, refused: 2, duplicates: 4 });
    expect(rejected).toMatchObject([
      { line: 2, reason: expect.stringContaining("broken.jsonl:2: not valid JSON") },
      { line: 3, reason: expect.stringContaining("not a JSON object") },
      { line: 3 },
      { line: 4, kept: { line: 1 } },
      { line: 5 },
      { line: 6 },
    ]);
    expect(report.problems[0]).toBeInstanceOf(DataError);
  });

  test("stop the run where that is asked for, and nothing is left behind", async () => {
    const out = folder.path("failed.jsonl");
    const run = dedupFiles([broken()], out, { threads: 1, failFast: true });
    await expect(run).rejects.toThrow("broken.jsonl:2: not valid JSON");
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(`${out}.dedup`)).toEqual([]);
  });

  test("are counted, and stop the run, where signatures were there already", async () => {
    const files = [broken()];
    const out = folder.path("again.jsonl");
    const shard = { shard: 0, shards: 1 };
    const made = await makeSignatures(files, out, shard, { threads: 1 });
    expect(made.rowsRefused).toBe(2);
    expect(await makeSignatures(files, out, shard, { threads: 1 })).toEqual({
      rows: 3,
      rowsRefused: 2,
      hanRows: undefined,
    });
    const strict = { threads: 1, failFast: true };
    await expect(makeSignatures(files, out, shard, strict)).rejects.toThrow("broken.jsonl:2:");
    await expect(dedupFiles(files, out, strict)).rejects.toThrow("broken.jsonl:2:");
  });
});

describe("shards", () => {
  const options = { threads: 2 };

  test("merged give what one run gives, however many they are", async () => {
    const files = [folder.write("half.jsonl", rows.slice(0, 4)), file];
    const whole = await dedup({}, files);
    for (const shards of [2, 5, 30]) {
      const out = folder.path(`sharded-${shards}.jsonl`);
      for (let shard = shards - 1; shard >= 0; shard--) {
        await makeSignatures(files, out, { shard, shards }, options);
      }
      const report = await mergeSignatures(files, out, options);
      expect(readFileSync(out)).toEqual(readFileSync(whole.out));
      for (const name of ["rejectedFile", "clustersFile"] as const) {
        expect(readFileSync(report[name])).toEqual(readFileSync(whole.report[name]));
      }
    }
  });

  test("that are complete are not made again; the merge names those that are missing", async () => {
    const out = folder.path("partial.jsonl");
    const made = await makeSignatures([file], out, { shard: 0, shards: 3 }, options);
    expect(made.hanRows).toBeGreaterThan(0);
    const again = await makeSignatures([file], out, { shard: 0, shards: 3 }, options);
    expect(again.hanRows).toBeUndefined();
    await expect(mergeSignatures([file], out, options)).rejects.toMatchObject({
      why: "of 3 shards, these are missing: 1, 2",
    });
    await makeSignatures([file], out, { shard: 1, shards: 2 }, options);
    await expect(mergeSignatures([file], out, options)).rejects.toMatchObject({
      why: "there are shards of 2 and of 3",
    });
  });

  test("are refused where they are damaged, of other parameters or of other data", async () => {
    const own = folder.write("changing.jsonl", rows);
    const out = folder.path("refused.jsonl");
    const folderOf = `${out}.dedup`;
    await makeSignatures([own], out, { shard: 0, shards: 1 }, options);
    const other = { ...options, parameters: { ngram: 4 } };
    await expect(makeSignatures([own], out, { shard: 0, shards: 1 }, other)).rejects.toMatchObject({
      why: "they were computed with ngram 5, but this run uses ngram 4",
    });
    await expect(mergeSignatures([own], out, other)).rejects.toThrow("other parameters");
    const rest = rows.slice(1);
    writeFileSync(own, rest.map((row) => `${JSON.stringify(row)}\n`).join(""));
    await expect(mergeSignatures([own], out, options)).rejects.toThrow(
      "the signatures belong to other data",
    );
    const path = shardPath(folderOf, 0, 1);
    truncateSync(path, 5000);
    await expect(mergeSignatures([own], out, options)).rejects.toThrow("not a complete file");
    writeFileSync(path, "x".repeat(100));
    await expect(mergeSignatures([own], out, options)).rejects.toThrow("not a complete file");
  });

  test("serve merges of several thresholds", async () => {
    const out = folder.path("kept.jsonl");
    const keep = { ...options, keepSignatures: true };
    await makeSignatures([file], out, { shard: 0, shards: 1 }, options);
    const counts: number[] = [];
    for (const threshold of [0.7, 0.99]) {
      const { duplicates } = await mergeSignatures([file], out, { ...keep, merge: { threshold } });
      counts.push(duplicates);
    }
    expect(counts).toEqual([3, 1]);
  });

  test("leave other files of their folder alone", async () => {
    const own = folder.path("own-folder");
    mkdirSync(join(own, "deeper"), { recursive: true });
    writeFileSync(join(own, "thesis.txt"), "years of work");
    await dedupFiles([file], folder.path("beside.jsonl"), { ...options, folder: own });
    expect(readdirSync(own).sort()).toEqual(["deeper", "thesis.txt"]);
  });

  test("remove what killed processes left of them, but no part that grows", async () => {
    const out = folder.path("killed.jsonl");
    const shard = shardPath(`${out}.dedup`, 0, 2);
    mkdirSync(`${out}.dedup`);
    const [old, young, other] = [`${shard}.part-aa`, `${shard}.part-bb`, `${shard}x.part-cc`];
    for (const path of [old, young, other]) writeFileSync(path, "x");
    for (const path of [old, other]) utimesSync(path, new Date(0), new Date(0));
    await makeSignatures([file], out, { shard: 0, shards: 2 }, options);
    expect([old, young, other].map((path) => existsSync(path))).toEqual([false, true, true]);
  });

  test("in a folder that is read are no data, nor are the lists beside the result", async () => {
    const read = folder.path("read");
    mkdirSync(read);
    writeFileSync(join(read, "rows.jsonl"), `${JSON.stringify(rows[3])}\n{"mess\n`);
    const out = join(read, "out.jsonl");
    for (const shard of [0, 1]) await makeSignatures([read], out, { shard, shards: 2 }, options);
    expect(await mergeSignatures([read], out, options)).toMatchObject({ rowsIn: 2, rowsOut: 1 });
    const list = join(read, "out.jsonl.rejected.jsonl");
    await expect(dedupFiles([list], out, options)).rejects.toThrow("both input and output");
  });

  test.each([
    [{ method: "simhash" }, { threshold: 0.8 }, "--threshold has no effect"],
    [{ method: "exact" }, { checkJaccard: true }, "--check-jaccard has no effect"],
    [{}, { distance: 5 }, "--distance has no effect"],
    [
      { permutations: 128 },
      { banding: { bands: 20, rows: 10 } },
      "20 bands of 10 rows are too many",
    ],
  ] as const)("of %j refuse a merge with %j", async (parameters, merge, message) => {
    const out = folder.path(`unfit-${message.length}.jsonl`);
    await makeSignatures([file], out, { shard: 0, shards: 1 }, { ...options, parameters });
    const run = mergeSignatures([file], out, { ...options, merge });
    await expect(run).rejects.toThrow(ConfigError);
    await expect(run).rejects.toThrow(message);
  });

  test("are not begun where the result cannot be written", async () => {
    const taken = folder.path("taken");
    mkdirSync(taken, { recursive: true });
    await expect(dedupFiles([file], taken, options)).rejects.toThrow("is a folder");
    const below = dedupFiles([file], join(file, "out.jsonl"), options);
    await expect(below).rejects.toThrow(ConfigError);
  });

  test("that DuckDB cannot join leave what DuckDB says", async () => {
    const merge = { keysInMemory: 0, memoryLimit: "1KB" };
    const run = dedupFiles([file], folder.path("tight.jsonl"), { ...options, merge });
    await expect(run).rejects.toThrow(EnvironmentError);
    await expect(run).rejects.toMatchObject({ todo: expect.stringContaining("--memory-limit") });
  });

  test("never overwrite what they read", async () => {
    await expect(dedupFiles([file], file, options)).rejects.toThrow("both input and output");
    await expect(dedupFiles(["-"], "out.jsonl", options)).rejects.toThrow("standard input");
  });
});
