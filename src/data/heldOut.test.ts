/** Rows held out for evaluation: how many, which, and that none of them is trained on. */
import { afterAll, expect, test } from "vitest";
import { type HeldOut, openDataSources } from "./dataSource.js";
import { messagesRow, testFolder, tinyEncoding } from "./testFiles.js";
import { openTrainingData } from "./trainingData.js";

const folder = testFolder();
afterAll(() => folder.remove());

const file = (name: string, count: number) =>
  folder.write(
    name,
    Array.from({ length: count }, (_, index) => messagesRow(`${name} ${index}`, "yes")),
  );

/** The first question of every row of a part, in its order. */
async function part(sources: Parameters<typeof openDataSources>[0], heldOut: HeldOut, seed = 7) {
  const source = await openDataSources(sources, { heldOut }, seed);
  const rows: string[] = [];
  for (let row = 0; row < source.rows; row++) {
    rows.push((await source.read(row)).messages[0]!.content);
  }
  await source.close();
  return rows;
}

const parts = async (sources: Parameters<typeof openDataSources>[0], size: number, seed = 7) => ({
  train: await part(sources, { size, part: "train" }, seed),
  held: await part(sources, { size, part: "eval" }, seed),
});

test.each([
  [0.1, 103, 11],
  [0.25, 100, 25],
  [1, 100, 1],
  [40, 100, 40],
])(
  "val_size %s of %s rows holds out %s; together the parts are all rows, each once",
  async (size, count, held) => {
    const sources = [file(`a${size}.jsonl`, count)];
    const both = await parts(sources, size);
    expect(both.held).toHaveLength(held);
    expect(new Set([...both.train, ...both.held]).size).toBe(count);
    expect(both.train.length + both.held.length).toBe(count);
  },
);

test("the rows are a function of the seed, and spread over the file", async () => {
  const sources = [file("seed.jsonl", 200)];
  const { held } = await parts(sources, 20, 1);
  expect((await parts(sources, 20, 1)).held).toEqual(held);
  const other = (await parts(sources, 20, 2)).held;
  expect(other.filter((row) => held.includes(row)).length).toBeLessThan(10);
  const places = held.map((row) => Number(row.split(" ")[1]));
  expect(Math.min(...places)).toBeLessThan(60);
  expect(Math.max(...places)).toBeGreaterThan(140);
});

test("several sources give their share; limits come first, and shares of an epoch do not matter", async () => {
  const sources = [
    { files: [file("big.jsonl", 90)] },
    { files: [file("small.jsonl", 30)], limit: 10, sample: "first" as const },
    { files: [file("one.jsonl", 1)] },
  ];
  const { train, held } = await parts(sources, 10);
  expect(held).toHaveLength(10);
  expect(held.filter((row) => row.startsWith("big"))).toHaveLength(9);
  expect(train.length + held.length).toBe(101);
  const small = [...train, ...held].filter((row) => row.startsWith("small"));
  expect(small.every((row) => Number(row.split(" ")[1]) < 10)).toBe(true);
});

test("val_size that would leave nothing is refused", async () => {
  await expect(part([file("few.jsonl", 3)], { size: 3, part: "train" })).rejects.toThrow(
    /hold out all 3 rows/,
  );
});

test("training never meets a held out row, also from any place and in threads", async () => {
  const { tokenizer, template } = await tinyEncoding();
  const files = [file("train.jsonl", 60), file("tiny.jsonl", 2)];
  const open = (kind: HeldOut["part"], shuffle: boolean) =>
    openTrainingData({
      files,
      tokenizer,
      template,
      maxSeqLength: 64,
      batchSize: 5,
      seed: 3,
      shuffle,
      embeddingRows: tokenizer.vocabSize,
      heldOut: { size: 12, part: kind },
    });
  const linesOf = async (kind: HeldOut["part"], shuffle: boolean, epochs: number) => {
    const data = await open(kind, shuffle);
    const places: string[] = [];
    for (let number = 0; number < epochs * data.microBatchesPerEpoch; number++) {
      const { sequences } = await data.microBatch(number);
      places.push(...sequences.map(({ source }) => `${source.file}:${source.line}`));
    }
    await data.close();
    return places;
  };
  const held = await linesOf("eval", false, 1);
  const trained = await linesOf("train", true, 2);
  expect(held).toHaveLength(12);
  expect(new Set(trained).size).toBe(50);
  expect(trained).toHaveLength(100);
  expect(trained.filter((place) => held.includes(place))).toEqual([]);
});
