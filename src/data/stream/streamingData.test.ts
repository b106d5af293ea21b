/** Streams through named pipes, gzip, URLs and files: order, resume, ends, bad rows. */
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import type { MicroBatch } from "../microBatch.js";
import { messagesRow, testFolder, tinyEncoding, tinyTokenizerPath } from "../testFiles.js";
import { shuffleBuffer } from "./shuffleBuffer.js";
import { type StreamOptions, streamBatches } from "./streamBatches.js";
import { openStreamingData } from "./streamingData.js";

const folder = testFolder();
afterAll(() => folder.remove());

const { tokenizer, template } = await tinyEncoding();

const rows = Array.from({ length: 53 }, (_, index) =>
  messagesRow(`question ${index}`, "字".repeat(1 + (index % 9)), "and?", `answer ${index}`),
);
const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const options = (files: string[], more: Partial<StreamOptions> = {}): StreamOptions => ({
  files,
  tokenizer,
  template,
  maxSeqLength: 64,
  batchSize: 4,
  seed: 3,
  shuffleBufferSize: 10,
  ...more,
});

async function take(batches: AsyncGenerator<MicroBatch>, count: number): Promise<MicroBatch[]> {
  const taken: MicroBatch[] = [];
  for await (const batch of batches) if (taken.push(batch) === count) break;
  return taken;
}

const linesOf = (batches: readonly MicroBatch[]) =>
  batches.flatMap(({ sequences }) => sequences.map(({ source }) => source.line));

const everyLine = rows.map((_, index) => index + 1);

describe("a named pipe", () => {
  test("gives every row once, shuffled, and then has ended", async () => {
    const file = folder.write("rows.jsonl", text);
    const data = openStreamingData({
      ...options([folder.pipe("one.fifo", file)]),
      tokenizerPath: tinyTokenizerPath,
    });
    const batches: MicroBatch[] = [];
    for (let number = 0; number < 14; number++) batches.push(await data.microBatch(number));
    expect(batches.map(({ sequences }) => sequences.length)).toEqual([...Array(13).fill(4), 1]);
    const lines = linesOf(batches);
    expect(lines).not.toEqual(everyLine);
    expect(lines.toSorted((a, b) => a - b)).toEqual(everyLine);
    expect(await data.microBatch(14)).toMatchObject({ number: 14, ended: true, sequences: [] });
    await expect(data.microBatch(3)).rejects.toThrow("was requested after 14");
    await data.close();
  }, 30_000);

  test("resumes by skipping: the rest is the same, with packing too", async () => {
    const file = folder.write("rows.jsonl", text);
    for (const packing of [false, true]) {
      const name = `resume-${packing}.fifo`;
      const whole = await take(streamBatches(options([file], { packing }), 0), 8);
      const resumed = await take(
        streamBatches(options([folder.pipe(name, file)], { packing }), 5),
        3,
      );
      const ids = (batches: MicroBatch[]) =>
        batches.map(({ number, sequences }) => [
          number,
          ...sequences.map(({ inputIds, labels }) => [[...inputIds], [...labels]]),
        ]);
      expect(ids(resumed)).toEqual(ids(whole.slice(5)));
    }
  }, 30_000);
});

test.each([
  ["a pipe", (file: string, node: string) => `cat "${file}" | ${node}`],
  ["a file", (file: string, node: string) => `${node} < "${file}"`],
])(
  "standard input is read where it is %s",
  (_what, command) => {
    const file = folder.write("rows.jsonl", text);
    const module = new URL("./streamRows.ts", import.meta.url).href;
    const script = folder.write(
      "count.mts",
      `import { streamRows } from "${module}";
let count = 0;
for await (const { value } of streamRows(["-"], {})) if (value()) count++;
console.log(count);`,
    );
    const node = `"${process.execPath}" --import tsx "${script}"`;
    expect(execFileSync("sh", ["-c", command(file, node)], { encoding: "utf8" })).toBe("53\n");
  },
  30_000,
);

test("packing fills micro-batches up to the budget and keeps every row", async () => {
  const file = folder.pipe("packed.fifo", folder.write("rows.jsonl", text));
  const batches = await take(streamBatches(options([file], { packing: true }), 0), 1000);
  expect(linesOf(batches).toSorted((a, b) => a - b)).toEqual(everyLine);
  for (const { tokens } of batches) expect(tokens).toBeLessThanOrEqual(4 * 64);
  for (const { tokens } of batches.slice(0, -1)) expect(tokens).toBeGreaterThan(3 * 64);
});

test("ranks have disjoint rows and equally many micro-batches", async () => {
  const file = folder.write("rows.jsonl", text);
  const parts = [];
  for (const rank of [0, 1, 2]) {
    const own = folder.pipe(`rank-${rank}.fifo`, file);
    parts.push(await take(streamBatches(options([own], { rank, worldSize: 3 }), 0), 1000));
  }
  expect(new Set(parts.map((part) => part.length)).size).toBe(1);
  expect(parts.flatMap(linesOf).toSorted((a, b) => a - b)).toEqual(everyLine);
});

test("a rank whose own rows are all left out goes on as long as the others", async () => {
  const good = JSON.stringify(messagesRow("q", "a"));
  const file = folder.write("one-good.jsonl", `{"messages": []}\n{"messages": []}\n${good}\n`);
  for (const rank of [0, 1, 2]) {
    const ranks = { rank, worldSize: 3, shuffle: false, onError: "skip", batchSize: 1 } as const;
    const batches = await take(
      streamBatches(options([file], { ...ranks, format: "messages" }), 0),
      5,
    );
    expect(batches.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4]);
  }
});

test("a run resumed behind the last good row of an epoch goes on with the next epoch", async () => {
  const good = JSON.stringify(messagesRow("q", "a"));
  const file = folder.write("good-first.jsonl", `${good}\n${'{"messages": []}\n'.repeat(3)}`);
  const settings = { shuffle: false, onError: "skip", batchSize: 1, format: "messages" } as const;
  const resumed = await take(streamBatches(options([file], settings), 2), 4);
  expect(resumed.map(({ number, epoch }) => [number, epoch])).toEqual([
    [2, 0],
    [3, 0],
    [4, 1],
    [5, 1],
  ]);
});

test("a file goes on with another epoch in another order", async () => {
  const file = folder.write("rows.jsonl.gz", gzipSync(text));
  const batches = await take(streamBatches(options([file]), 0), 28);
  expect(batches.map(({ epoch }) => epoch)).toEqual([...Array(14).fill(0), ...Array(14).fill(1)]);
  const [first, second] = [linesOf(batches.slice(0, 14)), linesOf(batches.slice(14))];
  expect(second.toSorted((a, b) => a - b)).toEqual(everyLine);
  expect(second).not.toEqual(first);
});

test("a URL is read without being stored", async () => {
  const server = createServer((_request, response) => response.end(gzipSync(text)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/rows.jsonl.gz`;
  const batches = await take(streamBatches(options([url], { shuffle: false }), 0), 14);
  expect(linesOf(batches)).toEqual(everyLine);
  expect(batches[0]!.sequences[0]!.source.file).toBe(url);
  await new Promise((resolve) => server.close(resolve));
});

test("bad rows are refused with their place, or left out and named", async () => {
  const broken = text
    .replace('{"messages"', "{messages")
    .replace("question 7", "question 7\\ud800");
  const lines = `\n${broken}${"x".repeat(17 << 20)}\n`;
  const file = folder.write("broken.jsonl", lines);
  await expect(take(streamBatches(options([file], { shuffle: false }), 0), 1)).rejects.toThrow(
    /broken\.jsonl:2: not valid JSON/,
  );
  const skipping = options([folder.pipe("broken.fifo", file)], { shuffle: false, onError: "skip" });
  const batches = await take(streamBatches(skipping, 0), 1000);
  const skipped = batches.flatMap((batch) => batch.skipped);
  expect(skipped.map(({ source }) => source.line)).toEqual([2, 9, 55]);
  expect(skipped[1]!.reason).toMatch(/:9: the text has half of a surrogate pair/);
  expect(skipped[2]!.reason).toMatch(/:55: the row is 18 MB long/);
  expect(linesOf(batches)).toHaveLength(51);
});

test("rows may be bare lists of messages", async () => {
  const messages = [
    { role: "user", content: "q" },
    { role: "assistant", content: "a" },
  ];
  const file = folder.write("lists.jsonl", `${JSON.stringify(messages)}\r\n`.repeat(4));
  const [batch] = await take(streamBatches(options([file]), 0), 1);
  expect(batch!.sequences.length).toBeGreaterThan(0);
  expect(batch!.skipped).toEqual([]);
});

test.each([
  ["a JSON array", "\n [1, 2]", /a JSON array cannot be read as a stream/],
  [
    "an object around rows",
    '{"data": [{"messages": []}]}',
    /JSON over several lines cannot be read as a/,
  ],
  ["nothing that is known", '{"a": 1}\n', /format/],
  ["Parquet", "PAR1\u0015\u0004", /Parquet cannot be read as a stream/],
  ["a zip archive", "PK\u0003\u0004", /is a zip archive/],
  ["UTF-16", Buffer.from(`\uFEFF${text}`, "utf16le"), /is UTF-16/],
  ["compressed twice", gzipSync(gzipSync(text)), /nested gzip cannot be read as a stream/],
])("%s is refused", async (_what, content, expected) => {
  const file = folder.write("other.jsonl", content);
  await expect(take(streamBatches(options([file]), 0), 1)).rejects.toThrow(expected);
});

test.each([true, false])(
  "rows that are all left out are named once, and end the stream (packing %s)",
  async (packing) => {
    const bad = folder.write("bad-only.jsonl", `${JSON.stringify({ messages: [] })}\n`.repeat(5));
    const settings = options([bad], { packing, onError: "skip", format: "messages" });
    const batches = await take(streamBatches(settings, 0), 9);
    const skipped = batches.flatMap((batch) => batch.skipped);
    expect(skipped).toHaveLength(5);
    expect(batches.every(({ sequences }) => sequences.length === 0)).toBe(true);
  },
);

test("CSV is refused by its name", async () => {
  const file = folder.write("rows.csv", "instruction,output\nq,a\n");
  await expect(take(streamBatches(options([file]), 0), 1)).rejects.toMatchObject({
    message: `${file}: CSV cannot be read as a stream`,
    todo: expect.stringContaining("without streaming"),
  });
});

test("a compressed pipe that gives its bytes one by one is unpacked", async () => {
  const packed = folder.write("slow.jsonl.gz", gzipSync(text));
  const path = folder.path("slow.fifo");
  execFileSync("mkfifo", [path]);
  const script = `{ head -c 1 "${packed}"; sleep 0.3; tail -c +2 "${packed}"; } > "${path}" &`;
  execFileSync("sh", ["-c", script], { stdio: "ignore" });
  const batches = await take(streamBatches(options([path], { shuffle: false }), 0), 14);
  expect(linesOf(batches)).toEqual(everyLine);
});

test("a stream that is not there is refused", async () => {
  await expect(take(streamBatches(options(["no/such.jsonl"]), 0), 1)).rejects.toMatchObject({
    name: "DataError",
    message: "no/such.jsonl: cannot be read as a stream",
  });
});

test("the shuffle buffer mixes within its size and holds no more", async () => {
  let put = 0;
  async function* numbers() {
    for (; put < 1000; put++) yield put;
  }
  const seen: number[] = [];
  for await (const number of shuffleBuffer(numbers(), 100, 7)) {
    expect(put - seen.length).toBeLessThanOrEqual(101);
    seen.push(number);
  }
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  for (const [place, number] of seen.entries()) expect(number - place).toBeLessThanOrEqual(100);
  expect(seen.slice(0, 20)).not.toEqual(seen.slice(0, 20).toSorted((a, b) => a - b));
});
