/** Rows with reasoning from file to micro-batch: all that reads them counts the same. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChatTemplate,
  loadTokenizer,
  type Message,
  type OverLength,
  type ReasoningChoice,
  resolveChatTemplate,
  type Tokenizer,
} from "../text/index.js";
import { openConversations } from "./conversationSource.js";
import { leftOutLines } from "./leftOut.js";
import { openStreamingData } from "./stream/streamingData.js";
import { surveyRows } from "./survey.js";
import { testFolder, tinyTokenizerPath, user } from "./testFiles.js";
import { openTrainingData } from "./trainingData.js";

/** Reasoning is written in turns that no question follows; a variable may open the answer. */
const jinja =
  "{% set ns = namespace(last=-1) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}" +
  "{% for m in messages %}<U>{% if m.role == 'assistant' and loop.index0 > ns.last and m.reasoning_content %}[{{ m.reasoning_content }}]{% endif %}" +
  "{{ m.content }}{% if m.role == 'assistant' %}{{ mood }}</s>{% endif %}{% endfor %}{% if add_generation_prompt %}<U>{% endif %}";

const folder = testFolder();
const model = folder.path("model");
afterAll(() => folder.remove());
let tokenizer: Tokenizer;
let template: ChatTemplate;
beforeAll(async () => {
  mkdirSync(model);
  cpSync(tinyTokenizerPath, model, { recursive: true });
  writeFileSync(join(model, "chat_template.jinja"), jinja);
  tokenizer = await loadTokenizer(model);
  template = resolveChatTemplate(undefined, tokenizer);
});

const said = (content: string, reasoning?: string): Message => ({
  role: "assistant",
  content,
  ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
});
const rows = [
  { messages: [user("What is one?"), said("one"), user("What is two?"), said("two")] },
  {
    messages: [
      user("a question"),
      said("an answer", "the first thought"),
      user("again"),
      said("another", "a second one"),
    ],
  },
  {
    messages: [
      user("no thought"),
      said("none"),
      user("a thought"),
      said("some", "only here"),
      user("end"),
      said("ended"),
    ],
  },
  { messages: [user("only"), said("last", "at the end")] },
];
const file = folder.write("rows.jsonl", rows);

async function survey(reasoning: ReasoningChoice | undefined, more = {}) {
  const source = await openConversations([file]);
  const counts = await surveyRows(source, { tokenizer, template, reasoning, ...more });
  await source.close();
  return counts;
}

const common = (reasoning: ReasoningChoice) => ({
  files: [file],
  tokenizer,
  template,
  reasoning,
  maxSeqLength: 200,
  batchSize: 2,
  seed: 3,
  embeddingRows: 100_000,
});

async function epoch(reasoning: ReasoningChoice, more: object = {}) {
  const data = await openTrainingData({ ...common(reasoning), ...more });
  const batches = [];
  for (let number = 0; number < data.microBatchesPerEpoch; number++) {
    batches.push(await data.microBatch(number));
  }
  await data.close();
  const sequences = batches.flatMap((batch) => batch.sequences);
  const key = ({ inputIds, labels }: (typeof sequences)[number]) =>
    JSON.stringify([[...inputIds], [...labels]]);
  return {
    sequences: sequences.map(key).sort(),
    tokens: batches.reduce((sum, batch) => sum + batch.tokens, 0),
    labelledTokens: batches.reduce((sum, batch) => sum + batch.labelledTokens, 0),
  };
}

test("without a choice, the rows that lose reasoning are refused and counted, no others", async () => {
  const { badRows, problems, leftOut } = await survey(undefined);
  expect(badRows).toBe(2);
  expect(problems.map(({ error }) => error.message)).toEqual([
    `${file}:2: chat template tokenizer leaves out the reasoning of message 2`,
    `${file}:3: chat template tokenizer leaves out the reasoning of message 4`,
  ]);
  expect(leftOutLines(leftOut)).toEqual([
    `the reasoning of 2 turns in 2 rows is left out (first at ${file}:2)`,
  ]);
});

test.each([
  ["drop", 4, 4, { turns: 4, rows: 3, first: { file, line: 2 } }],
  ["last", 4, 4, { turns: 2, rows: 2, first: { file, line: 2 } }],
  ["keep", 4, 4, undefined],
  ["split", 7, 4, undefined],
] as const)("%s makes %i sequences of %i rows", async (reasoning, sequences, good, left) => {
  const counts = await survey(reasoning);
  expect(counts).toMatchObject({ badRows: 4 - good, sequences, rows: 4 });
  expect(counts.leftOut.reasoning).toEqual(left);
});

describe.each(["drop", "keep", "last", "split"] as const)("with %s", (reasoning) => {
  test("training takes what the survey counts, packed or not, from a stream or in threads", async () => {
    const { tokens, labelledTokens } = await survey(reasoning);
    const plain = await epoch(reasoning);
    expect(plain).toMatchObject({ tokens, labelledTokens });
    expect(await epoch(reasoning, { packing: true })).toEqual(plain);
    const workers = { threads: 1, tokenizerPath: model };
    expect(await epoch(reasoning, { workers })).toEqual(plain);
    const options = { ...common(reasoning), batchSize: 4, shuffleBufferSize: 10 };
    const stream = openStreamingData({ ...options, tokenizerPath: model });
    expect(await stream.microBatch(0)).toMatchObject({ tokens, labelledTokens });
    await stream.close();
  });
});

describe("sequences of split that are too long", () => {
  const whole = async () => Math.max(...(await lengths("split", 200, "cut")));
  async function lengths(reasoning: ReasoningChoice, maxSeqLength: number, overLength: OverLength) {
    const { sequences } = await epoch(reasoning, { maxSeqLength, overLength });
    return sequences.map((one) => JSON.parse(one)[0].length as number);
  }

  test("lose their oldest turns with over_length split, and no label", async () => {
    const maxSeqLength = (await whole()) - 1;
    const [all, cut] = [
      await survey("split"),
      await survey("split", { maxSeqLength, overLength: "split" }),
    ];
    expect(cut).toMatchObject({ badRows: 0, labelledTokens: all.labelledTokens, sequences: 7 });
    expect(cut.truncatedRows).toBe(1);
    expect(cut.tokens + cut.tokensCut).toBe(all.tokens);
    expect(cut.longest).toEqual(all.longest);
  });

  test("are left out where nothing of their turn is kept, and count as cut", async () => {
    const maxSeqLength = Math.min(...(await lengths("split", 200, "cut"))) + 2;
    const cut = await survey("split", { maxSeqLength, overLength: "cut" });
    const all = await survey("split");
    expect(cut.badRows).toBe(0);
    expect(cut.sequences).toBeLessThan(all.sequences);
    expect(cut.tokens + cut.tokensCut).toBe(all.tokens);
  });

  test("take their row with them with over_length drop", async () => {
    const maxSeqLength = (await whole()) - 1;
    const dropped = await survey("split", { maxSeqLength, overLength: "drop" });
    expect(dropped).toMatchObject({ droppedRows: 1, badRows: 0 });
  });
});

describe("chat_template_kwargs", () => {
  const variables = { mood: "happy" };
  const row = { ...rows[0]!, chat_template_kwargs: { mood: "sad", unknown: 1 } };
  const own = folder.write("own.jsonl", [rows[0]!, row]);
  async function texts(name: string, more: object = {}) {
    const given = resolveChatTemplate(undefined, tokenizer, variables);
    const data = await openTrainingData({
      ...common("last"),
      files: [name],
      template: given,
      shuffle: false,
      ...more,
    });
    const { sequences } = await data.microBatch(0);
    await data.close();
    return Promise.all(sequences.map(({ inputIds }) => tokenizer.decode(inputIds)));
  }

  test("of a row go before those of the configuration, in threads too", async () => {
    const [first, second] = await texts(own);
    expect(first).toContain("twohappy</s>");
    expect(second).toContain("twosad</s>");
    const workers = { threads: 1, tokenizerPath: model };
    expect(await texts(own, { workers })).toEqual([first, second]);
  });

  test("that the template never reads are named", async () => {
    const source = await openConversations([own]);
    const { leftOut } = await surveyRows(source, { tokenizer, template });
    await source.close();
    expect(leftOut.keys).toEqual({
      "chat_template_kwargs.unknown": { rows: 1, first: { file: own, line: 2 } },
    });
  });

  test.each([
    [{ tools: [] }, /sets tools, which is no variable of a template/],
    ["[1]", /is a list, not an object/],
    ["{", /is not valid JSON/],
  ])("%j is refused", async (kwargs, message) => {
    const bad = folder.write("bad.jsonl", [{ ...rows[0]!, chat_template_kwargs: kwargs }]);
    const source = await openConversations([bad]);
    await expect(source.read(0)).rejects.toThrow(message);
    await source.close();
  });

  test("of a row are refused by a template that takes none", async () => {
    const source = await openConversations([own]);
    const named = resolveChatTemplate("firefly-classic", tokenizer);
    const { problems } = await surveyRows(source, { tokenizer, template: named });
    await source.close();
    expect(problems.map(({ error }) => error.message)).toEqual([
      `${own}:2: chat template firefly-classic takes no variables`,
    ]);
  });
});

test("micro-batches say what they do not hold of their rows, in threads too", async () => {
  const told = async (more: object) => {
    const data = await openTrainingData({
      ...common("last"),
      batchSize: 4,
      shuffle: false,
      ...more,
    });
    const { leftOut } = await data.microBatch(0);
    await data.close();
    return leftOut;
  };
  const expected = { reasoning: { turns: 2, rows: 2, first: { file, line: 2 } }, keys: {} };
  expect(await told({})).toEqual(expected);
  expect(await told({ workers: { threads: 1, tokenizerPath: model } })).toEqual(expected);
  expect(await told({ reasoning: "split" })).toBeUndefined();
});
