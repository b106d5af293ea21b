/**
 * Thousands of mutated files: each is refused with a DataError, or gives as many rows as it has, each
 * of which is a value or refused with a DataError. Nothing else is thrown, nothing is lost.
 */
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { tableFromArrays, tableToIPC } from "apache-arrow";
import { afterAll, beforeEach, expect, test } from "vitest";
import { DataError } from "../../util/errors.js";
import { testFolder } from "../testFiles.js";
import { openRowFile } from "./rowFile.js";
import { duckdb, zstdFrames, zstdRows } from "./testRows.js";

const folder = testFolder();
afterAll(() => folder.remove());
const cache = folder.path("cache");
beforeEach(() => rm(cache, { recursive: true, force: true }));

/** Whole numbers from 0 below a limit, the same every time (xorshift). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const rows = Array.from({ length: 12 }, (_, index) => ({
  id: index,
  messages: [
    { role: "user", content: `问题${index}: what is "${index}"?\n` },
    { role: "assistant", content: `答案 ${"很长 ".repeat(index)}\\` },
  ],
}));
const jsonl = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const scraps = [
  "\n",
  "\r\n",
  "\n\n",
  "[",
  "]",
  "{",
  "}",
  ",",
  '"',
  '""',
  "\\",
  "\0",
  "\uFEFF",
  "你",
];

/** One to four pieces cut out, put in, doubled or overwritten, or the end cut off. */
function mutate(whole: Buffer, random: (below: number) => number): Buffer {
  let bytes = whole;
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(bytes.length + 1);
    const [head, piece, tail] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + random(20)),
      bytes.subarray(at),
    ];
    const rest = tail.subarray(piece.length);
    const scrap = Buffer.from(scraps[random(scraps.length)]!);
    const changes = [
      () => [head, rest],
      () => [head, scrap, tail],
      () => [head, piece, tail],
      () => [head, Buffer.from([random(256)]), tail.subarray(1)],
      () => (random(4) === 0 ? [head] : [head, rest]),
    ];
    bytes = Buffer.concat(changes[random(changes.length)]!());
  }
  return bytes;
}

/** Values, errors of rows, or the one error of the file. */
async function readWhatCanBe(path: string) {
  const values: unknown[] = [];
  const errors: DataError[] = [];
  try {
    const file = await openRowFile(path, { cache });
    try {
      for (let row = 0; row < file.rows; row++) {
        try {
          values.push(await file.read(row));
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          const place = `${path}:${file.line(row)}: `;
          if (!error.message.startsWith(place)) expect(error.message).toBe(place);
          errors.push(error);
        }
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    expect(error.message.startsWith(path)).toBe(true);
    return { refused: error, values, errors };
  }
  return { refused: undefined, values, errors };
}

/** Lines with more than JSON's whitespace in them, found without our scanner. */
function filledLines(bytes: Buffer): string[] {
  const text = bytes.subarray(bytes.indexOf("\uFEFF") === 0 ? 3 : 0).toString("latin1");
  return text.split("\n").filter((line) => /[^ \t\r]/.test(line));
}

test("JSONL: every line is a value or an error with its line", async () => {
  const random = randomNumbers(1);
  let broken = 0;
  let refused = 0;
  for (let time = 0; time < 1600; time++) {
    const bytes = mutate(jsonl, random);
    const result = await readWhatCanBe(folder.write("fuzz.jsonl", bytes));
    const lines = filledLines(bytes);
    if (result.refused) {
      refused++;
      // Only what its beginning makes another kind of file, or mostly other bytes.
      const isArray = lines[0]!.trimStart().startsWith("[");
      expect(isArray ? "" : result.refused.message).toMatch(/^$|UTF-16|as it seems/);
    } else if (!lines[0]?.trimStart().startsWith("[")) {
      expect(result.values.length + result.errors.length).toBe(lines.length);
      broken += result.errors.length;
    }
  }
  expect(broken).toBeGreaterThan(1200);
  expect(refused).toBeLessThan(100);
});

test("an array: no element that is whole is lost without an error", async () => {
  const random = randomNumbers(2);
  const whole = Buffer.from(JSON.stringify(rows, null, 1));
  let refused = 0;
  for (let time = 0; time < 800; time++) {
    const bytes = mutate(whole, random);
    const result = await readWhatCanBe(folder.write("fuzz.json", bytes));
    let parsed: unknown;
    try {
      parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {}
    if (Array.isArray(parsed)) {
      expect(result).toEqual({ refused: undefined, errors: [], values: parsed });
    } else {
      expect(result.refused !== undefined || result.errors.length > 0 || isLenient(bytes)).toBe(
        true,
      );
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(300);
});

/** A comma too many or too few between elements loses nothing; we read on. */
function isLenient(bytes: Buffer): boolean {
  const text = bytes.toString().replace(/^\uFEFF/, "");
  return !text.trimStart().startsWith("[") || /(^\s*\[|,)\s*,|,\s*\]|\]\s*$/.test(text);
}

test("gzip and zstd: all of what was compressed, or an error", async () => {
  const random = randomNumbers(3);
  const sources = [
    { name: "fuzz.jsonl.gz", whole: gzipSync(jsonl), expected: rows },
    { name: "fuzz.jsonl.zst", whole: Buffer.concat(zstdFrames), expected: zstdRows },
  ];
  for (const { name, whole, expected } of sources) {
    let refused = 0;
    for (let time = 0; time < 300; time++) {
      const bytes = mutate(whole, random);
      // Nobody can tell that a frame is missing at the end, or everything.
      if (bytes.length === 0 || bytes.equals(zstdFrames[0])) continue;
      const result = await readWhatCanBe(folder.write(name, bytes));
      if (result.refused || result.errors.length > 0) refused++;
      else expect([name, time, result.values]).toEqual([name, time, expected]);
    }
    expect(refused).toBeGreaterThan(220);
  }
});

test("CSV: an error, or as many rows as the table has", async () => {
  const random = randomNumbers(4);
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const csv = rows.map(({ id, messages }) => `${id},${quoted(messages[0]!.content)},x\n`).join("");
  const whole = Buffer.from(`id,instruction,output\n${csv}`);
  let refused = 0;
  for (let time = 0; time < 80; time++) {
    const result = await readWhatCanBe(folder.write("fuzz.csv", mutate(whole, random)));
    if (result.refused) refused++;
    expect(result.errors).toEqual([]);
  }
  expect(refused).toBeGreaterThan(25);
  expect(refused).toBeLessThan(78);
});

test("Parquet: an error, or as many rows as it says", async () => {
  const random = randomNumbers(5);
  const path = folder.path("whole.parquet");
  const plain = folder.write("plain.jsonl", jsonl);
  await duckdb(`COPY (SELECT * FROM read_json('${plain}')) TO '${path}' (FORMAT parquet)`);
  const whole = readFileSync(path);
  let refused = 0;
  for (let time = 0; time < 80; time++) {
    const result = await readWhatCanBe(folder.write("fuzz.parquet", mutate(whole, random)));
    if (result.refused) refused++;
    else expect(result.values.length + result.errors.length).toBe(rows.length);
  }
  expect(refused).toBeGreaterThan(50);
});

test("Arrow: an error, or as many rows as it has", async () => {
  const random = randomNumbers(6);
  const table = tableFromArrays({
    id: Int32Array.from(rows, ({ id }) => id),
    text: rows.map(({ messages }) => messages[1]!.content),
  });
  for (const format of ["file", "stream"] as const) {
    const whole = Buffer.from(tableToIPC(table, format));
    let refused = 0;
    for (let time = 0; time < 80; time++) {
      const result = await readWhatCanBe(folder.write("fuzz.arrow", mutate(whole, random)));
      if (result.refused) refused++;
      else expect(result.values.length + result.errors.length).toBe(rows.length);
    }
    expect(refused).toBeGreaterThan(50);
  }
});
