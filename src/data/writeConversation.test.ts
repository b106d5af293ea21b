import { describe, expect, test } from "vitest";
import type { Message } from "../text/index.js";
import { formatNamed } from "./formats/formats.js";
import type { WholeRow } from "./readConversation.js";
import { assistant, user } from "./testFiles.js";
import { canonicalFormat, writeConversation } from "./writeConversation.js";

const whole = (messages: Message[], more: Partial<WholeRow["conversation"]> = {}): WholeRow => ({
  conversation: { messages, source: { file: "f", line: 7 }, ...more },
  rest: {},
});
const system: Message = { role: "system", content: "你是助手" };
const call = { type: "function", function: { name: "add", arguments: { a: 1 } } };
const toolTurn: Message[] = [
  user("1+1?"),
  { role: "assistant", content: "", tool_calls: [call] },
  { role: "tool", content: "2" },
  assistant("二"),
];
const answer = (content: string, id: string): Message => ({
  role: "tool",
  content,
  tool_call_id: id,
});
const mossTurn: Message[] = [
  user("1+1?"),
  assistant('<|Inner Thoughts|>: 算\n一下<eot>\n<|Commands|>: Calculate("1+1")<eoc>'),
  { role: "tool", content: '<|Results|>:\nCalculate("1+1") => 2\n<eor>' },
  assistant("二<sup><|1|></sup>"),
];
const turns = [user("问\n一"), assistant("答 一"), user("q2"), assistant("a2")];

describe("round trips: what is written reads back as it was", () => {
  test.each([
    ["firefly", [system, ...turns], {}],
    ["alpaca", [system, ...turns], {}],
    ["sharegpt", [system, ...turns], {}],
    ["sharegpt", [system, ...toolTurn], { tools: [{ name: "add" }] }],
    ["sharegpt", [user("q"), { ...assistant("a"), reasoning_content: "r" }], {}],
    [
      "sharegpt",
      [user("q"), { ...toolTurn[1]!, content: "Let me see." }, ...toolTurn.slice(2)],
      {},
    ],
    ["moss", [system, ...turns], {}],
    ["moss", [...mossTurn, user("q"), assistant("<|Inner Thoughts|>: t<eot>\na")], {}],
    ["messages", [system, ...toolTurn], { tools: [{ name: "add" }] }],
    ["prompt_completion", [user("q"), assistant("a")], {}],
    [
      "prompt_completion",
      [system, user("q"), { ...assistant("a"), train: false }, ...toolTurn],
      { tools: [{ name: "add" }] },
    ],
    ["text", [assistant("正文 text\n")], { kind: "text" as const }],
  ])("%s", (format, messages, more) => {
    const written = writeConversation(whole(messages, { ...more, id: "9" }), format);
    const own = formatNamed(format);
    expect(own.matches(written)).toBe(true);
    const { id, tools, ...back } = own.read(written, { mossMetaInstruction: true });
    expect(back.messages).toEqual(messages);
    expect(tools).toEqual("tools" in more ? more.tools : undefined);
    expect(id ?? written.id).toBe("9");
  });

  test("a preference pair", () => {
    const pair = { chosen: [assistant("好")], rejected: [assistant("bad")] };
    const row = { ...whole([system, user("q")]), pair };
    expect(canonicalFormat(row)).toBe("preference");
    expect(writeConversation(row)).toEqual({ prompt: [system, user("q")], ...pair });
    expect(formatNamed("preference").read(writeConversation(row), {})).toMatchObject({
      kind: "preference",
      messages: [system, user("q")],
      ...pair,
    });
  });
});

describe("what a format cannot hold is refused with the place", () => {
  const image: Message = { ...assistant("a"), reasoning_content: "r" };
  test.each([
    ["firefly", toolTurn, "f:7: the format firefly cannot express tool calls"],
    ["alpaca", [user("q")], "f:7: the format alpaca cannot express a question without an answer"],
    [
      "firefly",
      [system, system, ...turns],
      "f:7: the format firefly cannot express a second system message",
    ],
    [
      "firefly",
      [user("q"), { ...assistant("a"), train: false }],
      'f:7: the format firefly cannot express "train": false on a message of role assistant',
    ],
    [
      "alpaca",
      [user("q"), image],
      'f:7: the format alpaca cannot express the key "reasoning_content" of a message',
    ],
    [
      "prompt_completion",
      turns,
      "f:7: the format prompt_completion cannot express several turns that are trained on",
    ],
    ["moss", [user(" q"), assistant("a")], "f:7: the format moss would change message 1"],
    ["moss", [user("q"), assistant("a\n")], "f:7: the format moss would change message 2"],
    ["moss", toolTurn, "f:7: the format moss cannot express tool calls"],
    ["text", turns, "f:7: the format text cannot express the roles of a conversation"],
    [
      "preference",
      turns,
      "f:7: the format preference cannot express a conversation without a rejected answer",
    ],
    [
      "sharegpt",
      [
        user("q"),
        {
          ...toolTurn[1]!,
          tool_calls: [
            { ...call, id: "1" },
            { ...call, id: "2" },
          ],
        },
        answer("second", "2"),
        answer("first", "1"),
        assistant("a"),
      ],
      "f:7: the format sharegpt cannot express tool results in a different order than their calls",
    ],
  ])("%s %#", (format, messages, reason) => {
    expect(() => writeConversation(whole(messages), format)).toThrow(reason);
  });

  test("a text is no conversation", () => {
    const text = whole([assistant("t")], { kind: "text" });
    expect(() => writeConversation(text, "messages")).toThrow(/cannot express a plain text/);
  });

  test("keys of the row's own that mean something in the format", () => {
    const row = { ...whole([user("q"), assistant("a")]), rest: { prompt: "p", kind: 1 } };
    expect(writeConversation(row, "firefly")).toMatchObject({ prompt: "p", kind: 1 });
    expect(() => writeConversation(row, "prompt_completion")).toThrow(/already has a key "prompt"/);
  });

  test("keys that are null mean nothing", () => {
    const rest = { tools: null, note: null };
    const row = { ...whole([user("q"), assistant("a")]), rest };
    expect(writeConversation(row)).toEqual({ messages: row.conversation.messages, note: null });
  });
});
