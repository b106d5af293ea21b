import { existsSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { randomNumbers } from "../util/testRandom.js";
import { openConversations } from "./conversationSource.js";
import { convertFiles } from "./convert.js";
import { conversationFormatNames } from "./formats/formats.js";
import { surveyRows } from "./survey.js";
import { assistant, messagesRow, testFolder, tinyEncoding, user } from "./testFiles.js";

const folder = testFolder();
afterAll(() => folder.remove());

const lines = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

describe("convertFiles", () => {
  test("writes canonical rows and keeps keys that the format does not use", async () => {
    const firefly = folder.write("firefly.jsonl", [
      { conversation_id: 1, category: "闲聊", conversation: [{ human: "你", assistant: "我" }] },
    ]);
    const alpaca = folder.write("alpaca.json", '[{"instruction":"q","output":"a","kind":5}]');
    const out = folder.path("out/canonical.jsonl");
    expect(await convertFiles([firefly, alpaca], out)).toEqual({
      rowsIn: 2,
      rowsOut: 2,
      rowsRejected: 0,
      problems: [],
      rejectedFile: undefined,
      placeholders: {},
      joined: undefined,
    });
    expect(lines(out)).toEqual([
      { id: 1, messages: [user("你"), assistant("我")], category: "闲聊" },
      { messages: [user("q"), assistant("a")], kind: 5 },
    ]);
  });

  test("what it wrote converts to itself", async () => {
    const row = {
      id: "x",
      messages: [
        user("q\u2028\ud800"),
        {
          role: "assistant",
          content: "",
          tool_calls: [{ type: "function", function: { name: "f", arguments: { a: [1] } } }],
        },
        { role: "tool", content: "r", tool_call_id: "1" },
        { ...assistant("a"), train: false },
      ],
      tools: [{ name: "f" }],
    };
    const once = folder.path("once.jsonl");
    const twice = folder.path("twice.jsonl");
    await convertFiles([folder.write("rows.jsonl", [row])], once);
    await convertFiles([once], twice);
    expect(lines(once)).toEqual([row]);
    expect(readFileSync(twice, "utf8")).toBe(readFileSync(once, "utf8"));
  });

  test("writes numbers, the order of keys and NaN as Python's json does", async () => {
    const call =
      '{"amount":20.0,"rate":1e-07,"account":12345678901234567890,"by":{"10":"ten","9":"nine"}}';
    const row = `{"id":7,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"f","arguments":${call}}}]},{"role":"tool","content":"r"},{"role":"assistant","content":"a"}],"tools":[{"name":"f","parameters":{"minimum":1.0}}],"score":NaN,"weight":1.0,"large":-123456789012345678901}`;
    const out = folder.path("exact.jsonl");
    await convertFiles([folder.write("exact.in.jsonl", row.replace("1e-07", "1E-7"))], out);
    expect(readFileSync(out, "utf8")).toBe(`${row}\n`);
  });

  test("lists rejected rows with file, line and reason", async () => {
    const file = folder.write("bad.jsonl", [messagesRow("q", "a"), { messages: [] }]);
    const out = folder.path("good.jsonl");
    const result = await convertFiles([file], out);
    expect(result).toMatchObject({ rowsIn: 2, rowsOut: 1, rowsRejected: 1 });
    expect(lines(result.rejectedFile!)).toEqual([
      { file, line: 2, reason: `${file}:2: the conversation is empty` },
    ]);
    await convertFiles([folder.write("fine.jsonl", [messagesRow("q", "a")])], out);
    expect(existsSync(result.rejectedFile!)).toBe(false);
  });

  test("with onError fail leaves nothing behind", async () => {
    const file = folder.write("bad.jsonl", [messagesRow("q", "a"), { messages: [] }]);
    const out = folder.path("never.jsonl");
    await expect(convertFiles([file], out, { onError: "fail" })).rejects.toThrow(/:2: the conv/);
    expect([out, `${out}.part`, `${out}.rejected.jsonl.part`].filter(existsSync)).toEqual([]);
  });

  test.each([
    ["rows.jsonl.gz", /output is plain JSONL, not a \.gz file/],
    ["rows.parquet", /output is plain JSONL, not a \.parquet file/],
    ["folder/", /is a folder/],
    ["", /is a folder/],
  ])("refuses to write %s, before anything is read", async (name, reason) => {
    const file = folder.write("fine.jsonl", [messagesRow("q", "a")]);
    await expect(convertFiles([file], folder.path(name))).rejects.toThrow(reason);
  });

  test("does not write over what it reads", async () => {
    const file = folder.write("self.jsonl", [messagesRow("q", "a")]);
    await expect(
      convertFiles([file], folder.path("../") + file.split("/").slice(-2).join("/")),
    ).rejects.toThrow(/both input and output/);
    expect(lines(file)).toHaveLength(1);
  });
});

const seeds: readonly object[] = [
  messagesRow("你好，世界", "hello \u{1F600}", "再来", "ok"),
  {
    id: 1,
    messages: [
      user("q"),
      { role: "assistant", tool_calls: [{ id: "c", function: { name: "f", arguments: "{}" } }] },
      { role: "tool", content: "1" },
      assistant("a"),
    ],
    tools: [{ type: "function", function: { name: "f" } }],
  },
  { conversation_id: 44, conversation: [{ human: "问", assistant: "答" }], system: "s" },
  {
    conversation_id: "1",
    meta_instruction: "m",
    num_turns: 1,
    chat: {
      turn_1: {
        Human: "<|Human|>: q<eoh>\n",
        "Inner Thoughts": "<|Inner Thoughts|>: t<eot>\n",
        Commands: "<|Commands|>: c<eoc>\n",
        "Tool Responses": "<|Results|>:\nr\n<eor>\n",
        MOSS: "<|MOSS|>: a<eom>\n",
      },
    },
  },
  {
    conversations: [
      { from: "human", value: "q" },
      { from: "function_call", value: '{"name":"f"}' },
      { from: "observation", value: "r" },
      { from: "gpt", value: "a" },
    ],
    tools: "[]",
  },
  { kind: "k", input: "问", target: "答" },
  { instruction: "i", input: "n", output: "o", history: [["a", "b"]] },
  { prompt: "问", completion: "答", id: 3 },
  {
    prompt: [{ role: "system", content: "s" }, user("q"), assistant("a"), user("r")],
    completion: [assistant("b")],
  },
  { text: "Plain text 和中文", url: "x" },
  { prompt: [user("q")], chosen: [assistant("a")], rejected: [assistant("b")] },
  {
    conversations: [{ from: "human", value: "q" }],
    chosen: { from: "gpt", value: "好" },
    rejected: { from: "gpt", value: "坏" },
  },
];
const scraps = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "null",
  "0",
  "-1e999",
  "\u0000",
  "\ud83d",
  "__proto__",
  "\uFEFF",
  "true",
  '"role"',
  "turn_1",
  " ",
];

/** One row's text, broken in one to four ways, as bytes without line breaks. */
function mutate(random: (below: number) => number): Buffer {
  let bytes = Buffer.from(JSON.stringify(seeds[random(seeds.length)]));
  for (let times = random(5); times > 0; times--) {
    const at = random(bytes.length + 1);
    const length = random(12);
    const [head, cut, tail] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ];
    const scrap = Buffer.from(scraps[random(scraps.length)]!);
    const changed = [
      () => Buffer.concat([head, tail]),
      () => Buffer.concat([head, scrap, cut, tail]),
      () => Buffer.concat([head, scrap, tail]),
      () => Buffer.concat([head, cut, cut, tail]),
      () => Buffer.concat([head, Buffer.from([random(256)]), tail]),
    ];
    bytes = changed[random(changed.length)]!();
  }
  return Buffer.from(bytes.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte)));
}

/** Why rows that were converted may still not be encoded with the template of this test. */
const encodingReasons =
  /does not support|no token of this conversation is trained on|preference pair/;

test("thousands of mutated rows: no crash, none lost, those that pass can be read and encoded", async () => {
  const { tokenizer, template } = await tinyEncoding();
  const random = randomNumbers(20261123);
  let rejected = 0;
  for (const format of conversationFormatNames) {
    const rows = Array.from({ length: 2500 }, () => mutate(random)).filter(
      (row) => row.toString("latin1").trim() !== "",
    );
    // A first line that is no array keeps the file a JSONL file whatever the rows begin with.
    const text = Buffer.concat([
      Buffer.from("0\n"),
      ...rows.flatMap((row) => [row, Buffer.from("\n")]),
    ]);
    const file = folder.write(`${format}.jsonl`, text);
    const out = folder.path(`${format}.out.jsonl`);
    const result = await convertFiles([file], out, { format });
    expect(result.rowsIn).toBe(rows.length + 1);
    expect(lines(out)).toHaveLength(result.rowsOut);
    expect(lines(result.rejectedFile!)).toHaveLength(result.rowsRejected);
    expect(result.rowsOut + result.rowsRejected).toBe(result.rowsIn);
    expect(result.rowsOut).toBeGreaterThan(30);
    rejected += result.rowsRejected;
    if (format === "preference") continue;
    const again = await openConversations([out]);
    for (const overLength of ["cut", "cut_turn", "drop", "split"] as const) {
      const options = { tokenizer, template, maxSeqLength: 24, overLength };
      const survey = await surveyRows(again, options);
      const strange = survey.problems.filter(({ error }) => !encodingReasons.test(error.message));
      expect(strange).toEqual([]);
    }
    await again.close();
    for (const to of conversationFormatNames) {
      const { rowsIn, rowsOut, rowsRejected } = await convertFiles([out], folder.path("to"), {
        to,
      });
      expect([to, rowsIn, rowsOut + rowsRejected]).toEqual([to, result.rowsOut, result.rowsOut]);
      expect(lines(folder.path("to"))).toHaveLength(rowsOut);
    }
  }
  expect(rejected).toBeGreaterThan(10_000);
}, 120_000);
