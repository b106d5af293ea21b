import { expect, test } from "vitest";
import type { Message } from "../text/index.js";
import { planRow } from "./reasoningPlan.js";
import { assistant, user } from "./testFiles.js";

const thinks = (content: string, more: Partial<Message> = {}): Message => ({
  ...assistant(content),
  reasoning_content: "thought",
  ...more,
});
/** Each conversation as its texts, those that are learnt in brackets. */
const split = (messages: Message[]) =>
  planRow({ messages }, "split").conversations.map((part) =>
    part.messages
      .map(({ role, content, train }) =>
        (train ?? role === "assistant") ? `[${content}]` : content,
      )
      .join(" "),
  );

test("split learns every turn once, with all before it as context", () => {
  expect(split([user("q"), thinks("a"), user("r"), assistant("b")])).toEqual([
    "q [a]",
    "q a r [b]",
  ]);
});

test("split makes no sequence of a turn that is not trained on", () => {
  expect(split([user("q"), thinks("a", { train: false }), user("r"), thinks("b")])).toEqual([
    "q a r [b]",
  ]);
});

test("split learns what is trained on of other roles with the turn that follows", () => {
  const asked: Message = { ...user("q"), train: true };
  const result: Message = { role: "tool", content: "t", train: true };
  expect(split([asked, thinks("a"), result, thinks("b"), { ...user("r"), train: true }])).toEqual([
    "[q] [a]",
    "q a [t] [b]",
    "q a t b [r]",
  ]);
});

test("split keeps the parts of a turn together", () => {
  const parts = [thinks("a", { train: false }), { ...assistant("b"), continues: true }];
  expect(split([user("q"), ...parts, user("r"), thinks("c")])).toEqual(["q a [b]", "q a b r [c]"]);
});

test("rows without reasoning stay as they are, whatever is chosen", () => {
  const conversation = { messages: [user("q"), assistant("a"), user("r"), assistant("b")] };
  for (const reasoning of ["drop", "keep", "last", "split", undefined] as const) {
    expect(planRow(conversation, reasoning)).toEqual({ conversations: [conversation], dropped: 0 });
  }
});

test("drop refuses a turn that is nothing but reasoning, and keeps one with a call", () => {
  const source = { file: "rows.jsonl", line: 4 };
  const bare = { messages: [user("q"), assistant("<think>\nonly\n</think>")], source };
  expect(() => planRow(bare, "drop")).toThrow("rows.jsonl:4: message 2 is nothing but reasoning");
  const calls = [{ function: { name: "f", arguments: {} } }];
  const called = { messages: [user("q"), thinks("", { tool_calls: calls })], source };
  expect(planRow(called, "drop")).toMatchObject({
    dropped: 1,
    conversations: [{ messages: [user("q"), { ...assistant(""), tool_calls: calls }] }],
  });
});
