/** Property: whatever lengths, packing and number of ranks, a stream gives all ranks equally many micro-batches. */
import { afterAll, expect, test } from "vitest";
import { randomNumbers } from "../../util/testRandom.js";
import type { MicroBatch } from "../microBatch.js";
import { messagesRow, testFolder, tinyEncoding } from "../testFiles.js";
import { type StreamOptions, streamBatches } from "./streamBatches.js";

const folder = testFolder();
afterAll(() => folder.remove());

const { tokenizer, template } = await tinyEncoding();

/** A stream drawn from `seed`: rows of all lengths, bad ones among them, and how they are read. */
function drawStream(seed: number) {
  const draw = randomNumbers(seed);
  const rows = Array.from({ length: 1 + draw(60) }, (_, index) =>
    draw(9) === 0
      ? { messages: [] }
      : messagesRow(`${index}?`, "字".repeat(1 + draw(1 + draw(90)))),
  );
  const worldSize = 1 + draw(8);
  const options: Omit<StreamOptions, "files"> = {
    tokenizer,
    template,
    format: "messages",
    onError: "skip",
    seed,
    maxSeqLength: 24 + draw(60),
    batchSize: 1 + draw(4),
    shuffleBufferSize: 1 + draw(40),
    packing: draw(4) > 0,
    shuffle: draw(3) > 0,
    overLength: draw(2) ? "drop" : "cut",
  };
  return { rows, options, worldSize, draw };
}

/** Micro-batches below `limit`, or until the stream ends. */
async function read(options: StreamOptions, first: number, limit: number): Promise<MicroBatch[]> {
  const batches: MicroBatch[] = [];
  for await (const batch of streamBatches(options, first)) {
    batches.push(batch);
    if (batch.number + 1 >= limit) break;
  }
  return batches;
}

const linesOf = (batches: readonly MicroBatch[]) => {
  const sources = batches.flatMap(({ sequences, skipped }) => [...sequences, ...skipped]);
  return sources.map(({ source }) => source.line!).toSorted((a, b) => a - b);
};

test.each(Array.from({ length: 16 }, (_, seed) => seed))("a file, seed %i", async (seed) => {
  const { rows, options, worldSize, draw } = drawStream(seed);
  const file = folder.write(`${seed}.jsonl`, rows);
  const alone = await read({ ...options, files: [file] }, 0, 150);
  const parts: MicroBatch[][] = [];
  const limit = 1 + Math.floor(alone.length / worldSize);
  for (let rank = 0; rank < worldSize; rank++) {
    const own = { ...options, files: [file], rank, worldSize };
    const part = await read(own, 0, limit);
    parts.push(part);
    const first = draw(part.length);
    expect(await read(own, first, limit)).toEqual(part.slice(first));
  }
  // Epoch by epoch: where one rank is in the next, so are all.
  for (const part of parts) {
    expect(part.map(({ epoch }) => epoch)).toEqual(parts[0]!.map(({ epoch }) => epoch));
  }
  const whole = parts[0]!.at(-1)!.epoch;
  for (let epoch = 0; epoch < whole; epoch++) {
    const ofEpoch = parts.flatMap((part) => part.filter((batch) => batch.epoch === epoch));
    expect(linesOf(ofEpoch)).toEqual(rows.map((_, index) => index + 1));
  }
  if (!options.packing) return;
  // What the ranks train on at once, one process would train on next to each other.
  const inTurn = parts[0]!.flatMap((_, number) => parts.map((part) => part[number]!));
  const texts = (batches: MicroBatch[]) => batches.map(({ sequences }) => sequences);
  const firstEpoch = (batches: MicroBatch[]) => batches.filter(({ epoch }) => epoch === 0);
  const [together, single] = [firstEpoch(inTurn), firstEpoch(alone)];
  const count = Math.min(together.length, single.length);
  expect(texts(together.slice(0, count))).toEqual(texts(single.slice(0, count)));
});

test.each([101, 102, 103, 104, 105, 106])("a pipe ends for all at once, seed %i", async (seed) => {
  const { rows, options, worldSize } = drawStream(seed);
  const file = folder.write(`${seed}.jsonl`, rows);
  const parts: MicroBatch[][] = [];
  for (let rank = 0; rank < worldSize; rank++) {
    const pipe = folder.pipe(`${seed}-${rank}.fifo`, file);
    const own = { ...options, packing: true, files: [pipe], rank, worldSize };
    parts.push(await read(own, 0, Number.POSITIVE_INFINITY));
  }
  expect(new Set(parts.map(({ length }) => length)).size).toBe(1);
  expect(linesOf(parts.flat())).toEqual(rows.map((_, index) => index + 1));
});
