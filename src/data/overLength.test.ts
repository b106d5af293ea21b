import { afterAll, expect, test } from "vitest";
import type { OverLength } from "../text/index.js";
import { openConversations } from "./conversationSource.js";
import { encodeRows } from "./encodeRows.js";
import { encodedRow, packRows, unpackRows } from "./rowEncoder.js";
import { surveyRows } from "./survey.js";
import { messagesRow, testFolder, tinyEncoding } from "./testFiles.js";
import { openTrainingData } from "./trainingData.js";

const folder = testFolder();
afterAll(() => folder.remove());

const long = messagesRow("一", "文".repeat(12), "二", "字".repeat(12), "三", "end");
const file = folder.write("rows.jsonl", [messagesRow("q", "a"), long, { messages: [] }, long]);
const { tokenizer, template } = await tinyEncoding();
const maxSeqLength = 45;

async function epoch(overLength: OverLength, packing = false) {
  const data = await openTrainingData({
    files: [file],
    tokenizer,
    template,
    maxSeqLength,
    overLength,
    packing,
    batchSize: 4,
    seed: 1,
    shuffle: false,
    onError: "skip",
    embeddingRows: 100_000,
  });
  const batches = await Promise.all(
    Array.from({ length: data.microBatchesPerEpoch }, (_, number) => data.microBatch(number)),
  );
  await data.close();
  const sequences = batches.flatMap((batch) => batch.sequences);
  return {
    lines: sequences.map(({ source }) => source.line),
    longest: Math.max(...sequences.map(({ inputIds }) => inputIds.length)),
    skipped: batches.flatMap((batch) => batch.skipped.map(({ reason }) => reason)),
  };
}

const empty = `${file}:3: the conversation is empty`;
const tooLong = (line: number) =>
  `${file}:${line}: longer than max_seq_length 45, with over_length drop`;

test.each([false, true])("training takes what each policy leaves, packing %s", async (packing) => {
  expect(await epoch("cut", packing)).toEqual({
    lines: [1, 2, 4],
    longest: maxSeqLength,
    skipped: [empty],
  });
  const whole = await epoch("cut_turn", packing);
  expect(whole).toMatchObject({ lines: [1, 2, 4], skipped: [empty] });
  expect(whole.longest).toBeLessThan(maxSeqLength);
  const dropped = await epoch("drop", packing);
  expect(dropped.lines).toEqual([1]);
  expect(dropped.skipped.sort()).toEqual([tooLong(2), empty, tooLong(4)].sort());
  const split = await epoch("split", packing);
  expect(split.lines.filter((line) => line === 2).length).toBeGreaterThan(1);
  expect(split.skipped).toEqual([empty]);
});

test("a survey counts rows that are split and left out, and loses no token of them", async () => {
  const source = await openConversations([file]);
  const counted = async (overLength: OverLength) =>
    surveyRows(source, { tokenizer, template, maxSeqLength, overLength });
  const split = await counted("split");
  expect(split).toMatchObject({ badRows: 1, splitRows: 2, droppedRows: 0, tokensCut: 0 });
  expect(split.sequences).toBe(1 + 2 * split.mostSequences);
  expect(await counted("drop")).toMatchObject({ badRows: 1, droppedRows: 2, sequences: 1 });
  const [cut, turn] = [await counted("cut"), await counted("cut_turn")];
  expect(cut).toMatchObject({ truncatedRows: 2, tokens: expect.any(Number) });
  expect(cut.tokens + cut.tokensCut).toBe(turn.tokens + turn.tokensCut);
  await source.close();
});

test("why a row was left out crosses threads", async () => {
  const source = await openConversations([file]);
  const options = { tokenizer, template, maxSeqLength, overLength: "drop" as const };
  const rows = (await encodeRows(source, [0, 1], options)).map(encodedRow);
  await source.close();
  expect(unpackRows(packRows(rows).value)).toEqual(rows);
  expect(rows[1]).toEqual({
    ok: true,
    source: { file, line: 2 },
    sequences: [],
    dropped: tooLong(2),
  });
});
