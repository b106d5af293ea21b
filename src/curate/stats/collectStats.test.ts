/** The whole way: files in, report out, threads and all. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openConversations } from "../../data/conversationSource.js";
import { encodeRows } from "../../data/encodeRows.js";
import {
  messagesRow,
  sharedConversations,
  testFolder,
  tinyTokenizerPath,
} from "../../data/testFiles.js";
import { loadTokenizer, resolveChatTemplate } from "../../text/index.js";
import { dedupFiles } from "../dedup/index.js";
import { collectStats, type StatsOptions } from "./collectStats.js";
import type { StatsReport } from "./report.js";

const folder = testFolder();
afterAll(() => folder.remove());

const tokenizer = await loadTokenizer(tinyTokenizerPath);
const template = "vicuna";
const text: NonNullable<StatsOptions["text"]> = {
  path: tinyTokenizerPath,
  template,
  names: { name: tokenizer.name, template, vocabulary: tokenizer.vocabSize },
};
/** With the row that spells a special token. */
const asTokens = { ...text, specialTokensInText: "token" } as const;
/** Without what is another in each run. */
const stable = ({ seconds: _seconds, ...report }: StatsReport) => report;

const chinese = messagesRow("你好，请问你是谁？", "我是一个助手，很高兴为你服务。");
const english = messagesRow("Who are you?", "I am {{name}}, an assistant.", "Thanks!", "Welcome.");
const good = folder.write("good.jsonl", [
  { messages: [{ role: "system", content: "Be kind." }, ...english.messages] },
  chinese,
  chinese,
  messagesRow("Who are you?", "Somebody else </s> altogether."),
]);
const mixed = folder.write(
  "mixed.jsonl",
  [
    JSON.stringify(messagesRow("一", "二")),
    '{"broken',
    JSON.stringify({ messages: [{ role: "user", content: "q" }] }),
    JSON.stringify(messagesRow("q", "")),
    JSON.stringify(messagesRow("a", "b", "c", "")),
    JSON.stringify(messagesRow("hello", "there")),
  ].join("\n"),
);

test("counts rows, roles, turns and characters, by file and in total", async () => {
  const report = await collectStats([good, mixed]);
  expect(report.tokenizer).toBeNull();
  expect(report.total.tokens).toBeNull();
  expect(report.rows).toBe(10);
  expect(report.sample).toEqual({ exact: true, rows: 10, seed: 0 });
  expect(report.files.map(({ rows, rows_refused: refused }) => [rows, refused])).toEqual([
    [4, 0],
    [6, 3],
  ]);
  const { total } = report;
  expect(total.roles.user).toEqual({
    messages: 8,
    characters: 9 * 2 + 12 * 2 + 7 + 1 + 1 + 5,
    empty: 0,
  });
  expect(total.roles.system.messages).toBe(1);
  expect(total.rows_with_system).toBe(1);
  expect(total.turns).toMatchObject({ count: 7, sum: 8, min: 1, max: 2 });
  expect(total.characters.question!.count).toBe(8);
  expect(total.languages.map(({ language, rows }) => [language, rows])).toContainEqual(["zh", 3]);
});

test("refused rows are grouped by reason, with places", async () => {
  const { total } = await collectStats([mixed], { text });
  expect(total.rows_refused).toBe(4);
  expect(total.refused.reduce((sum, { rows }) => sum + rows, 0)).toBe(4);
  expect(total.refused[0]).toEqual({
    reason: "message N, from the assistant, is empty",
    rows: 2,
    places: [
      { file: mixed, line: 4 },
      { file: mixed, line: 5 },
    ],
  });
  expect(total.refused.map(({ reason }) => reason)).toContain("not valid JSON");
});

test("finds placeholders, special tokens, frequent questions and duplicates", async () => {
  const report = await collectStats([good], { text: asTokens });
  const { total, duplicates, first_prompts: prompts } = report;
  expect(total.placeholders).toEqual([
    { text: "{{name}}", rows: 1, places: [{ file: good, line: 1 }] },
  ]);
  expect(total.special_tokens).toEqual([
    { text: "</s>", rows: 1, places: [{ file: good, line: 4 }] },
  ]);
  expect(prompts.map(({ text: prompt, rows, line }) => [prompt, rows, line])).toEqual([
    ["Who are you?", 2, 1],
    ["你好，请问你是谁？", 2, 2],
  ]);
  expect(duplicates.exact_share).toBe(1 / 4);
  expect(duplicates.exact_example).toEqual([
    { file: good, line: 2 },
    { file: good, line: 3 },
  ]);
  expect(duplicates.first_prompt_share).toBe(2 / 4);
});

test("a row that spells a special token is counted, and refused as in training", async () => {
  const { total } = await collectStats([good], { text });
  const places = [{ file: good, line: 4 }];
  expect(total.special_tokens).toEqual([{ text: "</s>", rows: 1, places }]);
  const reason = "messages[N].content spells the special token </s>";
  expect(total.refused).toEqual([{ reason, rows: 1, places }]);
});

test("tokens, labels and truncation are those of training", async () => {
  const report = await collectStats([good], { text: asTokens, maxSeqLength: 20 });
  const source = await openConversations([good]);
  const own = resolveChatTemplate(template, tokenizer);
  const options = { tokenizer, template: own, specialTokensInText: "token" } as const;
  const rows = [0, 1, 2, 3];
  const whole = (await encodeRows(source, rows, options)).flatMap((row) =>
    row.ok ? row.encoded : [],
  );
  const cut = await encodeRows(source, rows, { ...options, maxSeqLength: 20 });
  await source.close();
  const sum = (list: readonly { inputIds: Int32Array; labelledTokens: number }[]) => ({
    tokens: list.reduce((total, { inputIds }) => total + inputIds.length, 0),
    labelled: list.reduce((total, { labelledTokens }) => total + labelledTokens, 0),
  });
  const all = sum(whole);
  expect(report.total.tokens!.conversation).toMatchObject({ count: 4, sum: all.tokens });
  expect(report.total.labelled_tokens).toBe(all.labelled);
  expect(report.tokens_per_epoch).toBe(all.tokens);
  const kept = sum(cut.flatMap((row) => (row.ok ? row.encoded : [])));
  // What training refuses for having nothing left to learn is kept here, without a label.
  const empty = cut.filter((row) => !row.ok).length;
  expect(report.total.truncation!.map((entry) => entry.max_seq_length)).toEqual([
    20, 512, 1024, 2048, 4096,
  ]);
  expect(report.total.truncation![0]).toEqual({
    max_seq_length: 20,
    rows_cut: whole.filter(({ inputIds }) => inputIds.length > 20).length,
    tokens_lost: all.tokens - kept.tokens - 20 * empty,
    labelled_tokens_lost: all.labelled - kept.labelled,
    rows_without_label: empty,
  });
  expect(report.total.truncation![0]!.rows_cut).toBeGreaterThan(0);
  expect(report.total.truncation![4]).toMatchObject({ rows_cut: 0, tokens_lost: 0 });
});

test("the number of threads changes nothing", async () => {
  const rows = Array.from({ length: 700 }, (_, index) =>
    messagesRow(`question ${index % 90}`, "答".repeat(1 + (index % 50))),
  );
  const many = folder.write("many.jsonl", rows);
  const [one, three] = await Promise.all([
    collectStats([many, mixed], { text, threads: 1 }),
    collectStats([many, mixed], { text, threads: 3 }),
  ]);
  expect(stable(three)).toEqual(stable(one));
  expect(one.first_prompts[0]).toMatchObject({ rows: 8, text: "question 0", line: 1 });
});

test("a sample says that it is one, and estimates the whole", async () => {
  const rows = Array.from({ length: 1000 }, () => messagesRow("same question", "same answer"));
  const path = folder.write("sampled.jsonl", rows);
  const all = await collectStats([path], { text });
  const some = await collectStats([path], { text, sample: 100, seed: 3 });
  expect(some.sample).toEqual({ exact: false, rows: 100, seed: 3 });
  expect(some.total.rows_measured).toBe(100);
  expect(some.rows).toBe(1000);
  expect(some.tokens_per_epoch).toBe(all.tokens_per_epoch);
});

test("a file that cannot be read is refused as elsewhere", async () => {
  await expect(collectStats([folder.path("none.jsonl")])).rejects.toMatchObject({
    name: "DataError",
  });
});

const scenarios = new URL("../../../bench/dedup/scenarios.mjs", import.meta.url).href;
const { scenarioRows } = (await import(scenarios)) as {
  scenarioRows(name: string, count: number): { rows: object[] };
};

test.each([
  "long system prompt",
  "one instruction, other inputs",
  "tool definitions",
  "only the last turn differs",
  "one number differs",
  "an article as system message",
  "other tools",
])("%s: as many duplicates as deduplication finds", async (name) => {
  const file = folder.write("alike.jsonl", scenarioRows(name, 60).rows);
  const { duplicates } = await collectStats([file], { threads: 1 });
  const report = await dedupFiles([file], folder.path("alike.out"), { threads: 1 });
  expect(report.duplicates).toBe(12);
  expect(duplicates.near_share).toBeCloseTo(report.duplicates / report.rowsIn, 5);
});

const moss = join(sharedConversations, "moss-003-sft-no-tools.sample.jsonl");
const there = existsSync(moss);

describe.skipIf(!there)(`real data${there ? "" : ` (skipped: ${moss} is not there)`}`, () => {
  test("MOSS: rows, turns and characters as counted without our reader", async () => {
    const { total, rows } = await collectStats([moss]);
    const chats = readFileSync(moss, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) =>
        Object.values(JSON.parse(line).chat as Record<string, Record<string, string>>),
      );
    expect(rows).toBe(chats.length);
    expect(total.turns!.sum).toBe(chats.reduce((sum, turns) => sum + turns.length, 0));
    const questions = chats.flat().map(({ Human = "" }) =>
      Human.replace(/^<\|Human\|>:/, "")
        .replace(/<eoh>\s*$/, "")
        .trim(),
    );
    expect(total.roles.user.characters).toBe(
      questions.reduce((sum, question) => sum + [...question].length, 0),
    );
    const [first, second] = total.languages;
    expect([first!.language, second!.language]).toEqual(["zh", "en"]);
    expect(first!.rows + second!.rows).toBeGreaterThan(0.99 * rows);
  });

  test("Alpaca in Chinese: near-duplicates as MinHash of the same 5-grams finds them", async () => {
    // 992 of the 1,000 are kept at 0.7 (shared/data/golden/minhash_golden.json, character 5-grams).
    const { duplicates } = await collectStats([join(sharedConversations, "alpaca_zh_demo.json")]);
    expect(Math.abs(duplicates.near_share - 8 / 1000)).toBeLessThanOrEqual(0.003);
  });
});
