/** Whole runs: what is written, that nothing is lost, and that a killed run goes on. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { assistant, messagesRow, testFolder, user } from "../../data/testFiles.js";
import { cleanFiles } from "./cleanFiles.js";
import { dryRunClean } from "./dryRun.js";
import { parsePipeline } from "./pipeline.js";

const folder = testFolder();
afterAll(() => folder.remove());

for (const name of ["both", "there"]) mkdirSync(folder.path(name));

const steps = parsePipeline("preset: chat", "test");
const lines = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** Good rows, rows that change, rows that go and rows that are broken. */
function manyRows(count: number): string {
  return Array.from({ length: count }, (_, row) => {
    if (row % 50 === 7) return '{"messages": [';
    if (row % 10 === 3) return JSON.stringify(messagesRow(`问题 ${row}`, ""));
    if (row % 10 === 5) {
      return JSON.stringify({
        ...messagesRow(`Write to me ${row}`, "bob.h@corp.cn\u200b ok."),
        key: row,
      });
    }
    return JSON.stringify(messagesRow(`问题 ${row}`, `回答 ${row}。`));
  }).join("\n");
}

describe("a run", () => {
  test("keeps every row: here with its other keys, or there with reason, operator and place", async () => {
    const file = folder.write("in.jsonl", manyRows(500));
    const out = folder.path("out.jsonl");
    const { report, paths } = await cleanFiles([file], out, { steps, threads: 2 });
    const kept = lines(out);
    const rejected = lines(paths.rejected);
    expect(report).toMatchObject({ rows_in: 500, rows_out: kept.length });
    expect(kept.length + rejected.length).toBe(500);
    expect(report.rows_rejected).toBe(rejected.length);
    expect(rejected[0]).toMatchObject({
      file,
      line: 4,
      operator: "drop_empty_turns",
      row: messagesRow("问题 3", ""),
    });
    const broken = rejected.filter(({ operator }) => operator === "read");
    expect(broken).toHaveLength(10);
    expect(broken[0].reason).toMatch("not valid JSON");
    const changed = kept.filter(({ key }) => key !== undefined);
    expect(changed[0].messages[1].content).toBe("<EMAIL> ok.");
    expect(report.operators.find(({ operator }) => operator === "replace_email")).toMatchObject({
      rows_changed: changed.length,
    });
    expect(JSON.parse(readFileSync(paths.report, "utf8"))).toEqual(report);
    expect(existsSync(paths.progress)).toBe(false);
  });

  test("writes the same with any number of threads, and cleans its own output to itself", async () => {
    const file = folder.write("in.jsonl", manyRows(1200));
    const [one, three, again] = ["1.jsonl", "3.jsonl", "again.jsonl"].map(folder.path);
    await cleanFiles([file], one!, { steps, threads: 1 });
    await cleanFiles([file], three!, { steps, threads: 3 });
    expect(readFileSync(three!)).toEqual(readFileSync(one!));
    const { report } = await cleanFiles([one!], again!, { steps, threads: 1 });
    expect(report.rows_changed + report.rows_rejected).toBe(0);
    expect(readFileSync(again!)).toEqual(readFileSync(one!));
  });

  test("stops at a signal after saving, goes on, and ends as if it had not stopped", async () => {
    const file = folder.write("in.jsonl", manyRows(3000));
    const [whole, parts] = [folder.path("whole.jsonl"), folder.path("parts.jsonl")];
    await cleanFiles([file], whole, { steps, threads: 1 });
    const stop = new AbortController();
    const first = await cleanFiles([file], parts, {
      steps,
      threads: 1,
      signal: stop.signal,
      onRows: () => stop.abort(),
    });
    expect(first.stopped).toBe(true);
    expect(existsSync(parts)).toBe(false);
    const second = await cleanFiles([file], parts, { steps, threads: 2 });
    expect(second.resumedRows).toBe(first.report.rows_in);
    expect(second.resumedRows).toBeGreaterThan(0);
    for (const end of ["", ".rejected.jsonl", ".report.json"]) {
      expect(readFileSync(parts + end)).toEqual(readFileSync(whole + end));
    }
  });

  test("another pipeline does not go on with it", async () => {
    const file = folder.write("in.jsonl", manyRows(2000));
    const out = folder.path("other.jsonl");
    const stop = new AbortController();
    const stopped = { threads: 1, signal: stop.signal, onRows: () => stop.abort() };
    await cleanFiles([file], out, { steps, ...stopped });
    const others = parsePipeline("operators: [filter_one_sided]", "test");
    const { resumedRows, report } = await cleanFiles([file], out, { steps: others, threads: 1 });
    expect([resumedRows, report.rows_in]).toEqual([0, 2000]);
  });

  test("the same pipeline with other words in its file does not go on with it", async () => {
    const file = folder.write("in.jsonl", manyRows(2000));
    const out = folder.path("words.jsonl");
    const words = folder.write("words.txt", "赌博\n");
    const flagged = parsePipeline(`operators: [filter_flagged_words: {file: "${words}"}]`, "test");
    const stop = new AbortController();
    const stopped = { threads: 1, signal: stop.signal, onRows: () => stop.abort() };
    await cleanFiles([file], out, { steps: flagged, ...stopped });
    folder.write("words.txt", "问题\n");
    const { resumedRows } = await cleanFiles([file], out, { steps: flagged, threads: 1 });
    expect(resumedRows).toBe(0);
  });

  test("goes on in a folder that it reads and writes", async () => {
    const rows = folder.write("both/in.jsonl", manyRows(3000));
    const out = folder.path("both/out.jsonl");
    const stop = new AbortController();
    const stopped = { threads: 1, signal: stop.signal, onRows: () => stop.abort() };
    const first = await cleanFiles([dirname(rows)], out, { steps, ...stopped });
    const { resumedRows, report } = await cleanFiles([dirname(rows)], out, { steps, threads: 1 });
    expect(resumedRows).toBe(first.report.rows_in);
    expect(report.rows_in).toBe(3000);
  });

  test("holds few rows at a time where they are long, whatever the others are like", async () => {
    const short = Array.from({ length: 2000 }, () => messagesRow("问", "答。"));
    const long = Array.from({ length: 6 }, () => messagesRow("q", "A long answer. ".repeat(1e5)));
    const file = folder.write("long.jsonl", [...short, ...long]);
    const seen: number[] = [];
    const onRows = (rows: number) => seen.push(rows);
    await cleanFiles([file], folder.path("long.out.jsonl"), { steps, threads: 1, onRows });
    expect(seen.slice(-6)).toEqual([2001, 2002, 2003, 2004, 2005, 2006]);
  });

  test("keeps the text of a row that is no JSON, and the bytes of one that is no text", async () => {
    const good = JSON.stringify(messagesRow("问", "答。"));
    const bytes = Buffer.from([0x7b, 0xff, 0x7d]);
    const file = folder.write(
      "broken.jsonl",
      Buffer.concat([Buffer.from(`${good}\n{"问": \r\n`), bytes, Buffer.from(`\n${good}\n`)]),
    );
    const { paths } = await cleanFiles([file], folder.path("broken.out.jsonl"), { steps });
    const [first, second] = lines(paths.rejected);
    expect(first).toMatchObject({ line: 2, operator: "read", text: '{"问": ' });
    expect(Buffer.from(second.base64, "base64")).toEqual(bytes);
  });

  test("a folder and a compressed file as --out are refused before a row is read", async () => {
    const file = folder.write("in.jsonl", manyRows(10));
    const existing = dirname(folder.write("there/x.txt", ""));
    await expect(cleanFiles([file], existing, { steps })).rejects.toThrow("is a folder");
    const packed = cleanFiles([file], folder.path("out.jsonl.gz"), { steps });
    await expect(packed).rejects.toThrow("plain JSONL");
    expect(existsSync(folder.path("out.jsonl.gz.part"))).toBe(false);
  });

  test("reports what changed outside of the contents", async () => {
    const answer = { ...assistant("好。"), reasoning_content: "写信给bob.h@corp.cn" };
    const file = folder.write("r.jsonl", [{ messages: [user("问"), answer] }]);
    const { report } = await cleanFiles([file], folder.path("r.out.jsonl"), { steps });
    const entry = report.operators.find(({ operator }) => operator === "replace_email");
    expect(entry).toMatchObject({
      rows_changed: 1,
      characters_removed: 6,
      changed_examples: [{ before: "写信给bob.h@corp.cn", after: "写信给<EMAIL>" }],
    });
  });

  test("refuses to write what it reads", async () => {
    const file = folder.write("in.jsonl", manyRows(10));
    await expect(cleanFiles([file], file, { steps })).rejects.toThrow("both input and output");
  });
});

test("a run killed by SIGKILL goes on, and its files are the same to the byte", async () => {
  const file = folder.write("in.jsonl", manyRows(12_000));
  const [whole, killed] = [folder.path("w.jsonl"), folder.path("k.jsonl")];
  await cleanFiles([file], whole, { steps, threads: 1 });
  const child = spawn(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL("./testRun.ts", import.meta.url)), file, killed],
    { stdio: "ignore" },
  );
  const ended = new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
  while (!existsSync(`${killed}.state.json`) && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  expect(existsSync(killed)).toBe(false);
  const { resumedRows } = await cleanFiles([file], killed, { steps, threads: 1 });
  expect(resumedRows).toBeGreaterThan(0);
  for (const end of ["", ".rejected.jsonl", ".report.json"]) {
    expect(readFileSync(killed + end)).toEqual(readFileSync(whole + end));
  }
});

test("perplexities come from a scorer that is asked for many texts at once", async () => {
  const file = folder.write("p.jsonl", [messagesRow("q", "easy"), messagesRow("问", "难难难")]);
  const asked: number[] = [];
  const score = async (texts: readonly string[]) => {
    asked.push(texts.length);
    return texts.map((text) => (text === "easy" ? 10 : 9000));
  };
  const out = folder.path("p.out.jsonl");
  const pipeline = parsePipeline("operators: [filter_perplexity]", "test");
  const { paths } = await cleanFiles([file], out, {
    steps: pipeline,
    perplexity: { model: "test", score },
  });
  expect(asked).toEqual([2]);
  expect(lines(paths.rejected)[0]).toMatchObject({ line: 2, reason: "perplexity 9000 > 1500" });
  const without = cleanFiles([file], out, { steps: pipeline });
  await expect(without).rejects.toThrow("requires a language model");
});

test("a dry run writes nothing and shows rows from the whole file", async () => {
  const file = folder.write("in.jsonl", manyRows(1000));
  const { report, rows } = await dryRunClean([file], 100, { steps });
  expect(report.rows_in).toBe(100);
  expect(rows.at(-1)!.line).toBeGreaterThan(900);
  expect(rows.every(({ changes, rejected }) => rejected || changes.length > 0)).toBe(true);
});
