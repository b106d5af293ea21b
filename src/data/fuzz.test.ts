/**
 * Thousands of mutated rows of every format, all the way: each is written or listed as rejected by
 * `data convert`, and trained on, or counted and listed by a survey and by training. Nothing else is
 * thrown, and no row is lost.
 */
import { existsSync, readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { randomNumbers } from "../util/testRandom.js";
import { openConversations } from "./conversationSource.js";
import { convertFiles } from "./convert.js";
import { surveyRows } from "./survey.js";
import { testFolder, tinyEncoding } from "./testFiles.js";
import { openTrainingData } from "./trainingData.js";

const folder = testFolder();
afterAll(() => folder.remove());

const seeds: Readonly<Record<string, unknown>> = {
  messages: {
    tools: [{ type: "function", function: { name: "f", parameters: {} } }],
    messages: [
      { role: "system", content: "系统" },
      { role: "user", content: [{ type: "text", text: "问题 {{name}}" }] },
      { role: "assistant", tool_calls: [{ id: "1", function: { name: "f", arguments: "{}" } }] },
      { role: "tool", content: "3", tool_call_id: "1" },
      { role: "assistant", content: "答案", train: true },
    ],
  },
  moss: {
    meta_instruction: "You are MOSS.",
    chat: {
      turn_1: {
        Human: "<|Human|>: 你好<eoh>\n",
        "Inner Thoughts": "<|Inner Thoughts|>: 想<eot>\n",
        Commands: '<|Commands|>: Search("x")<eoc>\n',
        "Tool Responses": "<|Results|>: 结果<eor>\n",
        MOSS: "<|MOSS|>: 你好<eom>\n",
      },
    },
  },
  firefly: { conversation: [{ human: "问", assistant: "答" }], system: "s", category: "c" },
  sharegpt: {
    conversations: [
      { from: "human", value: "q" },
      { from: "function_call", value: '{"name": "f", "arguments": {}}' },
      { from: "observation", value: "o" },
      { from: "gpt", value: "a" },
    ],
    tools: "[]",
  },
  alpaca: { instruction: "i", input: "x", output: "o", history: [["q", "a"]], system: "s" },
  prompt_completion: { prompt: "p", completion: "c" },
  text: { text: "plain text" },
  preference: { prompt: "p", chosen: "good", rejected: "bad" },
};

const scraps: readonly unknown[] = [
  null,
  true,
  0,
  -1.5,
  1e300,
  "",
  " \n",
  "text",
  [],
  {},
  [[]],
  [null],
  { role: "user" },
  "user",
  "assistant",
  "tool",
  "__proto__",
  "\ud800",
  "<|im_end|>",
  "<eoh>",
  "a\u0000b",
];

/** The value with one place of it replaced, left out, doubled, or named otherwise. */
function mutate(value: unknown, random: (below: number) => number): unknown {
  const scrap = scraps[random(scraps.length)];
  if (typeof value !== "object" || value === null || random(5) === 0) return scrap;
  if (Array.isArray(value)) {
    const at = random(value.length + 1);
    const item = value[at];
    const changes = [
      () => value.toSpliced(at, 1),
      () => value.toSpliced(at, 0, scrap),
      () => value.toSpliced(at, 0, item),
      () => value.toReversed(),
      () => value.with(Math.min(at, value.length - 1), mutate(item, random)),
    ];
    return value.length === 0 ? [scrap] : changes[random(changes.length)]!();
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return scrap;
  const at = random(entries.length);
  const [key, inner] = entries[at]!;
  const changes: (() => [string, unknown][])[] = [
    () => [],
    () => [[key.toUpperCase(), inner]],
    () => [["constructor", inner]],
    () => [[key, mutate(inner, random)]],
    () => [[key, mutate(inner, random)]],
  ];
  return Object.fromEntries(entries.toSpliced(at, 1, ...changes[random(changes.length)]!()));
}

const rowsOfEach = 800;

function lines(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

test.each(Object.keys(seeds))(
  "%s",
  async (format) => {
    const random = randomNumbers(Object.keys(seeds).indexOf(format) + 1);
    const rows = Array.from({ length: rowsOfEach }, (_, index) => {
      let row = seeds[format];
      for (let times = index === 0 ? 0 : 1 + random(3); times > 0; times--)
        row = mutate(row, random);
      return JSON.stringify(row);
    });
    const file = folder.write(`${format}.jsonl`, rows.join("\n"));
    const out = folder.path(`${format}.out.jsonl`);

    const converted = await convertFiles([file], out, { format });
    const rejected = lines(`${out}.rejected.jsonl`);
    expect(lines(out).length + rejected.length).toBe(rowsOfEach);
    expect(converted).toMatchObject({
      rowsIn: rowsOfEach,
      rowsOut: lines(out).length,
      rowsRejected: rejected.length,
    });
    expect(converted.rowsOut).toBeGreaterThan(0);
    expect(converted.rowsRejected).toBeGreaterThan(rowsOfEach / 10);

    const { tokenizer, template } = await tinyEncoding();
    const encoding = { tokenizer, template, maxSeqLength: 64, overLength: "split" } as const;
    const source = await openConversations([file], { format });
    const survey = await surveyRows(source, { ...encoding, keptProblems: rowsOfEach });
    await source.close();
    const data = await openTrainingData({
      ...encoding,
      files: [file],
      format,
      embeddingRows: tokenizer.vocabSize,
      batchSize: 8,
      seed: 1,
      onError: "skip",
    });
    const trained = new Set<number>();
    const skipped: number[] = [];
    for (let number = 0; number < data.microBatchesPerEpoch; number++) {
      const batch = await data.microBatch(number);
      for (const { source: place } of batch.sequences) trained.add(place.line);
      skipped.push(...batch.skipped.map(({ source: place }) => place.line));
    }
    await data.close();
    expect(trained.size + skipped.length).toBe(rowsOfEach);
    const bad = survey.problems.map(({ source: place }) => place.line);
    expect(skipped.sort((a, b) => a - b)).toEqual(bad);
    expect(survey.badRows).toBe(bad.length);
  },
  60_000,
);
