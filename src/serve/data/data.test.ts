/** Data files: a large one, odd ones, lists of removed rows. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, it } from "vitest";
import { cleanFiles, resolvePipeline } from "../../curate/clean/index.js";
import { dedupFiles } from "../../curate/dedup/index.js";
import { pathId } from "../pathId.js";
import {
  createFileTable,
  createOpenFiles,
  createSearches,
  readRows,
  removedFile,
  removedRows,
} from "./index.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "tunewright-serve-data-")));
const searches = createSearches();
const files = createOpenFiles();
const cache = process.env.TUNEWRIGHT_CACHE;
process.env.TUNEWRIGHT_CACHE = join(root, ".cache");
afterAll(async () => {
  await searches.close();
  if (cache === undefined) delete process.env.TUNEWRIGHT_CACHE;
  else process.env.TUNEWRIGHT_CACHE = cache;
  rmSync(root, { recursive: true, force: true });
});

const row = (question: string, answer: string, more: object = {}) =>
  JSON.stringify({
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ],
    ...more,
  });

function write(name: string, text: string | Buffer): string {
  const path = join(root, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

it("reads and searches 300,000 conversations without holding up anything else", async () => {
  const rows = 300_000;
  const filler = "word ".repeat(20);
  const lines = Array.from({ length: rows }, (_, i) =>
    row(i % 30_000 === 7 ? `Wo liegt 北京 ${i}?` : `Question ${i} ${filler}`, `Answer ${i}`),
  );
  const path = write("large.jsonl", `${lines.join("\n")}\n`);
  let longest = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const began = performance.now();
  const first = await files.progress(path);
  while ((await files.progress(path)) < 1);
  const indexed = performance.now();
  const [shown] = await files.use(path, (file) => readRows(file, [299_999]));
  const read = performance.now();
  const expected = Array.from({ length: 10 }, (_, i) => i * 30_000 + 7);
  let found = await searches.find(path, "北京", rows, 100);
  while (found.searched < 1) found = await searches.find(path, "北京", rows, 100);
  const searched = performance.now();
  clearInterval(beat);
  console.log(
    `300,000 conversations: indexed in ${(indexed - began).toFixed(0)} ms (first answer ${first.toFixed(2)}), ` +
      `the last row in ${(read - indexed).toFixed(1)} ms, searched in ${(searched - read).toFixed(0)} ms; ` +
      `longest without a turn ${longest.toFixed(0)} ms`,
  );
  expect(shown).toMatchObject({
    row: 299_999,
    line: 300_000,
    problem: null,
    messages: [{ role: "user" }, { content: "Answer 299999" }],
  });
  expect(found.rows).toEqual(expected);
  const few = await searches.find(path, "QUESTION 12 ", rows, 1);
  expect(few.rows[0]).toBe(12);
}, 60_000);

it("shows rows that are damaged, of other formats, with keys of their own", async () => {
  const path = write(
    "odd.jsonl",
    [
      row("q", "a", { id: 7, source: "x" }),
      "{broken",
      '{"messages":[{"role":"assistant","content":"alone"}]}',
      '{"other":1}',
    ].join("\n"),
  );
  const shown = await files.use(path, (file) => readRows(file, [0, 1, 2, 3]));
  expect(shown[0]).toMatchObject({ fields: { id: 7, source: "x" }, problem: null });
  expect(shown[1]).toMatchObject({
    line: 2,
    messages: null,
    fields: { text: expect.stringMatching(/broken/) },
    problem: expect.stringMatching(/not valid JSON/),
  });
  expect(shown[2]).toMatchObject({
    messages: [{ role: "assistant", content: "alone" }],
    problem: expect.any(String),
  });
  expect(shown[3]).toMatchObject({
    messages: null,
    fields: { other: 1 },
    problem: expect.any(String),
  });
  for (const { problem } of shown) expect(problem ?? "").not.toContain(root);
  const table = write("table.csv", "name,age\nTom,3\n");
  await files.use(table, async (file) => {
    expect([file.format, file.problem?.message]).toEqual([
      null,
      expect.stringMatching(/table\.csv/),
    ]);
    expect((await readRows(file, [0]))[0]!.fields).toEqual({ name: "Tom", age: "3" });
  });
  const packed = write("packed.jsonl.gz", gzipSync(`${row("zip", "ped")}\n`));
  expect(await files.use(packed, (file) => readRows(file, [0]))).toMatchObject([
    { messages: [{ content: "zip" }, {}] },
  ]);
  await expect(files.use(join(root, "none.jsonl"), async () => 1)).rejects.toThrow(/ENOENT/);
});

it("lists files below its folders and those that runs name, and knows no other", async () => {
  const data = join(root, "data");
  const inner = write("data/deep/rows.jsonl", `${row("a", "b")}\n`);
  write("data/rows.jsonl", `${row("a", "b")}\n`);
  write("data/train.json", JSON.stringify({ output_dir: "x", learning_rate: 1 }));
  write("data/list.json", `[${row("a", "b")}]`);
  write("data/rows.jsonl.rejected.jsonl", "{}\n");
  write("data/.hidden.jsonl", "{}\n");
  const outside = write("elsewhere/named.jsonl", `${row("a", "b")}\n`);
  const secret = write("secret.jsonl", "{}\n");
  symlinkSync(join(root, "data"), join(root, "data/round"));
  const run = join(root, "runs/first");
  write(
    "runs/first/config.json",
    JSON.stringify({
      tunewright: { config: { train_file: [outside, { path: [inner] }, "OWNER/NAME"] } },
    }),
  );
  const table = createFileTable([data, join(root, "missing")], async () => [
    { id: "r1", directory: run },
  ]);
  const list = await table.list();
  expect(list.map(({ name, runs, has_removed }) => [name, runs, has_removed])).toEqual([
    ["data/rows.jsonl", [], true],
    ["deep/rows.jsonl", ["r1"], false],
    ["list.json", [], false],
    ["named.jsonl", ["r1"], false],
  ]);
  expect(table.pathOf(pathId(inner))).toBe(inner);
  for (const id of [pathId(secret), secret, "../secret.jsonl", "", "__proto__"]) {
    expect(await table.find(id)).toBeUndefined();
  }
  rmSync(inner);
  expect(await table.find(pathId(inner))).toBeUndefined();
});

it("tells what cleaning and deduplication removed, and why", async () => {
  const lines = ["one", "two", "three"].map((word) =>
    row(`What is ${word}?`, `It is ${word}, a number of some size.`),
  );
  const source = write("in.jsonl", `${[...lines, lines[0], row("Empty?", "   ")].join("\n")}\n`);
  const unique = join(root, "unique.jsonl");
  await dedupFiles([source], unique, { threads: 1 });
  const gone = await removedRows(
    removedFile(unique),
    { reason: undefined, offset: 0, limit: 10 },
    files,
    searches,
  );
  const duplicate = gone.rows.find(({ reason }) => reason === "near duplicate")!;
  expect(duplicate).toMatchObject({
    line: 4,
    file: "in.jsonl",
    detail: "the same as in.jsonl:1",
    text: expect.stringMatching(/user: What is one\?\nassistant: It is one/),
  });
  const cleaned = join(root, "clean.jsonl");
  const copy = join(root, "in2.jsonl");
  copyFileSync(source, copy);
  await cleanFiles([copy], cleaned, {
    steps: resolvePipeline({ preset: "chat" }, "test"),
    threads: 1,
  });
  const dirt = await removedRows(
    removedFile(cleaned),
    { reason: undefined, offset: 0, limit: 10 },
    files,
    searches,
  );
  expect(dirt.total).toBe(dirt.reasons.reduce((sum, { rows }) => sum + rows, 0));
  const { reason } = dirt.reasons[0]!;
  const some = await removedRows(
    removedFile(cleaned),
    { reason, offset: 0, limit: 1 },
    files,
    searches,
  );
  expect(some.rows[0]).toMatchObject({
    reason,
    line: expect.any(Number),
    detail: expect.any(String),
    text: expect.stringMatching(/user: /),
  });
  expect(JSON.stringify([gone, dirt])).not.toContain(root);
});
