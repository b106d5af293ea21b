import { afterAll, describe, expect, test } from "vitest";
import type { MicroBatch } from "./microBatch.js";
import { messagesRow, testFolder, tinyEncoding, tinyTokenizerPath } from "./testFiles.js";
import { openTrainingData } from "./trainingData.js";
import type { TrainingDataOptions } from "./trainingOptions.js";

const folder = testFolder();
afterAll(() => folder.remove());

const { tokenizer, template } = await tinyEncoding();

const rows = Array.from({ length: 23 }, (_, index) =>
  messagesRow(`question ${index}`, `answer ${index} ${"字".repeat(index % 7)}`, "and?", "yes"),
);

function open(content: readonly object[] | string, options: Partial<TrainingDataOptions> = {}) {
  const files = [folder.write("train.jsonl", content)];
  return openTrainingData({
    files,
    tokenizer,
    template,
    maxSeqLength: 512,
    batchSize: 4,
    seed: 3,
    embeddingRows: tokenizer.vocabSize,
    ...options,
  });
}

const plain = (batch: MicroBatch) => ({
  ...batch,
  sequences: batch.sequences.map(({ inputIds, labels, source }) => ({
    inputIds: [...inputIds],
    labels: [...labels],
    line: source.line,
  })),
});

describe("openTrainingData", () => {
  test("gives the same micro-batches from the beginning and from any place", async () => {
    const data = await open(rows);
    expect(data).toMatchObject({ rows: 23, microBatchesPerEpoch: 6 });
    const through = [];
    for (let number = 0; number < 14; number++) through.push(plain(await data.microBatch(number)));
    await data.close();
    for (const start of [13, 5, 6, 0]) {
      const resumed = await open(rows, { prefetch: start % 3 });
      expect(plain(await resumed.microBatch(start))).toEqual(through[start]);
      await resumed.close();
    }
    expect(through.map(({ epoch, sequences }) => [epoch, sequences.length])).toEqual(
      [0, 1, 2].flatMap((epoch) => [4, 4, 4, 4, 4, 3].map((size) => [epoch, size])).slice(0, 14),
    );
    const lines = through.slice(0, 6).flatMap(({ sequences }) => sequences.map(({ line }) => line));
    expect(lines.sort((a, b) => a - b)).toEqual(rows.map((_, index) => index + 1));
  });

  test("labels the assistant's turns with their end tokens and counts them", async () => {
    const data = await open([messagesRow("hello", "world", "again", "bye")], { shuffle: false });
    const batch = await data.microBatch(0);
    const [sequence] = batch.sequences;
    const learnt = [...sequence!.labels].filter((label) => label !== -100);
    const [world, bye] = await tokenizer.encodeBatch(["world", "bye"]);
    const end = tokenizer.eosTokenId!;
    expect(learnt).toEqual([...world!, end, ...bye!, end]);
    expect(batch).toMatchObject({ tokens: sequence!.inputIds.length, truncated: 0, skipped: [] });
    expect(batch.labelledTokens).toBe(learnt.length);
    await data.close();
  });

  test("cuts on the right at the maximal length and counts it", async () => {
    const data = await open(rows, { shuffle: false, maxSeqLength: 12 });
    const whole = await open(rows, { shuffle: false });
    const [cut, full] = [await data.microBatch(0), await whole.microBatch(0)];
    expect(cut.truncated).toBe(4);
    expect(cut.sequences.map(({ inputIds }) => [...inputIds])).toEqual(
      full.sequences.map(({ inputIds }) => [...inputIds.subarray(0, 12)]),
    );
    await Promise.all([data.close(), whole.close()]);
  });

  test("fails on a row that cannot be trained on, when its turn comes and not before", async () => {
    const content = rows.map((row) => JSON.stringify(row));
    content[9] = '{"messages": [';
    const data = await open(content.join("\n"), { shuffle: false });
    await data.microBatch(0);
    await data.microBatch(1);
    await expect(data.microBatch(2)).rejects.toThrow(/train\.jsonl:10: not valid JSON/);
    await expect(data.microBatch(2)).rejects.toThrow(/train\.jsonl:10: not valid JSON/);
    expect((await data.microBatch(3)).sequences).toHaveLength(4);
    await data.close();
  });

  test("leaves such rows out and names them with onError skip", async () => {
    const content = [...rows.slice(0, 3), { messages: [] }, ...rows.slice(3)];
    const data = await open(content, { shuffle: false, onError: "skip" });
    const batch = await data.microBatch(0);
    expect(batch.sequences.map(({ source }) => source.line)).toEqual([1, 2, 3]);
    expect(batch.skipped).toMatchObject([
      { source: { line: 4 }, reason: expect.stringMatching(/:4: the conversation is empty$/) },
    ]);
    await data.close();
  });

  test("refuses ids that the embedding has no row for, and rows that teach nothing", async () => {
    const small = await open(rows, { shuffle: false, embeddingRows: 5 });
    await expect(small.microBatch(0)).rejects.toMatchObject({
      name: "DataError",
      message: expect.stringMatching(/train\.jsonl:1: the model has no embedding for token/),
    });
    await small.close();
    const cut = await open(rows, { shuffle: false, maxSeqLength: 3 });
    await expect(cut.microBatch(0)).rejects.toMatchObject({
      message: expect.stringMatching(/train\.jsonl:1: no token of this conversation is trained on/),
      todo: "raise max_seq_length, or remove the conversation",
    });
    await cut.close();
  });

  test("ranks share an epoch's rows", async () => {
    const lines = [];
    for (const rank of [0, 1, 2]) {
      const data = await open(rows, { rank, worldSize: 3, batchSize: 2 });
      expect(data.microBatchesPerEpoch).toBe(4);
      for (let number = 0; number < 4; number++) {
        const { sequences } = await data.microBatch(number);
        lines.push(...sequences.map(({ source }) => source.line));
      }
      await data.close();
    }
    expect(lines.sort((a, b) => a - b)).toEqual(rows.map((_, index) => index + 1));
  });

  test("the summary of all rows is exact, that of a sample scales up", async () => {
    const data = await open(rows);
    let tokens = 0;
    let labelledTokens = 0;
    for (let number = 0; number < data.microBatchesPerEpoch; number++) {
      const batch = await data.microBatch(number);
      tokens += batch.tokens;
      labelledTokens += batch.labelledTokens;
    }
    const exact = await data.summary();
    expect(exact).toMatchObject({ rows: 23, exact: true, tokens, labelledTokens, badRows: 0 });
    expect(exact.labelledShare).toBeCloseTo(labelledTokens / tokens);
    const sampled = await data.summary(10);
    expect(sampled).toMatchObject({ rows: 23, exact: false, sampledRows: 10 });
    expect(Math.abs(sampled.tokens / tokens - 1)).toBeLessThan(0.25);
    await data.close();
  });

  test("tools that the template leaves out are refused, not lost", async () => {
    const { createJinjaTemplate } = await import("../text/index.js");
    const called = { role: "assistant", content: "", tool_calls: [{ function: { name: "add" } }] };
    const messages = [{ role: "user", content: "add!" }, called, { role: "tool", content: "1" }];
    const row = { messages: [...messages, { role: "assistant", content: "added: 1" }] };
    const each = (body: string) => `{% for m in messages %}${body}{{ m.content }}</s>{% endfor %}`;
    const calls = "{% for c in m.tool_calls or [] %}{{ c.function.name }}{% endfor %}";
    const attempt = async (jinja: string, content: object, name = "plain") => {
      const plain = createJinjaTemplate(jinja, name, tokenizer);
      const data = await open([content], { template: plain });
      try {
        return (await data.microBatch(0)).sequences.length;
      } finally {
        await data.close();
      }
    };
    await expect(attempt(each(""), row)).rejects.toThrow(/plain leaves out the call of add/);
    expect(await attempt(each(calls), row)).toBe(1);
    const defined = { ...row, tools: [{ function: { name: "add" } }] };
    await expect(attempt(each(calls), defined)).rejects.toThrow(/leaves out the tool definitions/);
    expect(await attempt(`{{ tools | tojson }}${each(calls)}`, defined)).toBe(1);
    const answersOnly = `{% for m in messages %}{% if m.role != 'tool' %}${calls}{{ m.content }}</s>{% endif %}{% endfor %}`;
    const lost = /answers leaves out tool messages/;
    await expect(attempt(answersOnly, row, "answers")).rejects.toThrow(lost);
    const worded = {
      messages: row.messages.map(({ role, content }) => ({ role, content: content || "add" })),
    };
    await expect(attempt(answersOnly, worded, "answers")).rejects.toThrow(lost);
    const coded = `{% for m in messages %}{{ m.content | tojson }}</s>{% endfor %}`;
    expect(await attempt(coded, worded)).toBe(1);
  });

  const files = () => [
    { files: [folder.write("one.jsonl", rows.slice(0, 9))], weight: 3, limit: 7 },
    { files: [folder.write("two.jsonl", rows.slice(9)), folder.write("3.jsonl", rows)], weight: 1 },
  ];

  test("threads, their number and what is made ready beforehand change nothing", async () => {
    const make = (threads: number, prefetch: number, packing: boolean) =>
      open(rows, {
        files: files(),
        packing,
        prefetch,
        maxSeqLength: 96,
        workers: threads === 0 ? undefined : { threads, tokenizerPath: tinyTokenizerPath },
      });
    for (const packing of [false, true]) {
      const alone = await make(0, 0, packing);
      const numbers = Array.from({ length: alone.microBatchesPerEpoch + 5 }, (_, n) => n);
      const expected = [];
      for (const number of numbers) expected.push(plain(await alone.microBatch(number)));
      await alone.close();
      for (const [threads, prefetch] of [
        [1, 2],
        [3, 6],
      ] as const) {
        const data = await make(threads, prefetch, packing);
        // Until the threads are there this one encodes: wait for them.
        await new Promise((resolve) => setTimeout(resolve, 2500));
        for (const number of [...numbers].reverse()) {
          expect(plain(await data.microBatch(number))).toEqual(expected[number]);
        }
        await data.close();
      }
    }
  }, 60_000);

  test("errors of a thread name file and line", async () => {
    const content = rows.map((row) => JSON.stringify(row));
    content[9] = '{"messages": [';
    const data = await open(content.join("\n"), {
      shuffle: false,
      prefetch: 0,
      workers: { threads: 1, tokenizerPath: tinyTokenizerPath },
    });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await expect(data.microBatch(2)).rejects.toMatchObject({
      name: "DataError",
      message: expect.stringMatching(/train\.jsonl:10: not valid JSON/),
    });
    await data.close();
  }, 20_000);

  test("packing: every row once an epoch, about as many tokens in each, whatever the ranks", async () => {
    const many = Array.from({ length: 400 }, (_, index) =>
      messagesRow(`question ${index}`, "字".repeat(1 + ((index * 37) % 60)), "and?", "yes"),
    );
    for (const worldSize of [1, 3]) {
      const lines: number[] = [];
      const tokens: number[] = [];
      const counts = new Set<number>();
      for (let rank = 0; rank < worldSize; rank++) {
        const data = await open(many, { packing: true, batchSize: 3, rank, worldSize });
        counts.add(data.microBatchesPerEpoch);
        for (let number = 0; number < data.microBatchesPerEpoch; number++) {
          const batch = await data.microBatch(data.microBatchesPerEpoch + number);
          expect(batch).toMatchObject({ number: data.microBatchesPerEpoch + number, epoch: 1 });
          lines.push(...batch.sequences.map(({ source }) => source.line));
          tokens.push(batch.tokens);
        }
        await data.close();
      }
      expect(counts.size).toBe(1);
      expect(lines.sort((a, b) => a - b)).toEqual(many.map((_, index) => index + 1));
      for (const count of tokens) expect(Math.abs(count / (3 * 512) - 1)).toBeLessThan(0.2);
    }
  });

  test("a cursor spares the estimate; one of other data is not believed", async () => {
    const data = await open(rows, { packing: true, maxSeqLength: 64, batchSize: 2 });
    const { cursor } = data;
    const batch = plain(await data.microBatch(5));
    await data.close();
    expect(cursor).toEqual({ rows: 23, microBatchesPerEpoch: data.microBatchesPerEpoch });
    const again = await open(rows, { packing: true, maxSeqLength: 64, batchSize: 2, cursor });
    expect(plain(await again.microBatch(5))).toEqual(batch);
    await again.close();
    const other = { rows: 22, microBatchesPerEpoch: 1 };
    const changed = await open(rows, {
      packing: true,
      maxSeqLength: 64,
      batchSize: 2,
      cursor: other,
    });
    expect(changed.cursor).toEqual(cursor);
    await changed.close();
  });

  test("a limit takes the same random rows in every epoch, or the first ones", async () => {
    const file = folder.write("limited.jsonl", rows);
    const linesOf = async (sample: "random" | "first", seed: number) => {
      const data = await open(rows, { files: [{ files: [file], limit: 6, sample }], seed });
      const epochs = [];
      for (const epoch of [0, 1]) {
        const lines = [];
        for (let number = 0; number < 2; number++) {
          const { sequences } = await data.microBatch(2 * epoch + number);
          lines.push(...sequences.map(({ source }) => source.line));
        }
        epochs.push(lines.sort((a, b) => a - b));
      }
      expect(data.sources).toMatchObject([{ rowsInFiles: 23, rows: 6, rowsPerEpoch: 6 }]);
      await data.close();
      expect(epochs[0]).toEqual(epochs[1]);
      return epochs[0]!;
    };
    expect(await linesOf("first", 3)).toEqual([1, 2, 3, 4, 5, 6]);
    const random = await linesOf("random", 3);
    expect(new Set(random).size).toBe(6);
    expect(random).not.toEqual([1, 2, 3, 4, 5, 6]);
    expect(await linesOf("random", 4)).not.toEqual(random);
  });
});
