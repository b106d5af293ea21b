/** What tells candidates apart, and what does not. */
import { afterAll, describe, expect, test } from "vitest";
import type { WholeRow } from "../../data/index.js";
import { assistant, testFolder, user } from "../../data/testFiles.js";
import type { Message } from "../../text/index.js";
import type { JsonValue } from "../../util/json/index.js";
import { comparable, isToldApart } from "./comparable.js";
import { dedupFiles } from "./dedup.js";
import { defaultParameters } from "./parameters.js";

const folder = testFolder();
afterAll(() => folder.remove());

const none = new BigUint64Array(0);
const whole = (messages: Message[], tools?: JsonValue[]): WholeRow => ({
  conversation: { messages, ...(tools ? { tools } : {}) },
  rest: {},
});
const apart = (one: WholeRow, other: WholeRow) => {
  const [a, b] = [one, other].map((row) => comparable(row, defaultParameters, none));
  expect(isToldApart(b!, a!, 0.7)).toBe(isToldApart(a!, b!, 0.7));
  return isToldApart(a!, b!, 0.7);
};
const answered = (question: string, answer: string) => whole([user(question), assistant(answer)]);
const long = Array.from(
  { length: 30 },
  (_, at) => `word${"abcdefghij"[at % 10]}${at > 9 ? "x" : ""}`,
);

describe("rows are told apart", () => {
  test.each([
    ["by a number", "What is 17 + 25?", "Much.", "What is 17 + 26?", "Much."],
    ["by a sign", "What is a + b?", "Much.", "What is a - b?", "Much."],
    ["by the order of numbers", "From 3 to 5?", "Up.", "From 5 to 3?", "Up."],
    ["by a short answer", "Is it warm in Rome?", "It is.", "Is it warm in Rome?", "It is not."],
    ["by a Chinese answer", "罗马热吗？", "很热。", "罗马热吗？", "很冷。"],
    ["by an emoji", "How was it?", "😀", "How was it?", "😡"],
    [
      "by the question",
      "Who wrote Hamlet?",
      "No idea.",
      "What is the capital of Peru?",
      "No idea.",
    ],
    ["by a decimal", "Half of it?", "1.5", "Half of it?", "15"],
    [
      "by a question below the same text",
      `${long.join(" ")}. Is gold sold in the old town?`,
      "Yes.",
      `${long.join(" ")}. Is salt sold in the old town?`,
      "Yes.",
    ],
    [
      "by the order of options",
      `${long.join(" ")}. Which is right?\nA. the king won\nB. the queen won`,
      "A",
      `${long.join(" ")}. Which is right?\nA. the queen won\nB. the king won`,
      "A",
    ],
    [
      "by one more instruction",
      `${long.join(" ")}.`,
      "Done.",
      `${long.join(" ")}. Answer in French.`,
      "Done.",
    ],
    [
      "by a negation in a long text",
      "May I?",
      `You may do it. ${long.join(" ")}.`,
      "May I?",
      `You may not do it. ${long.join(" ")}.`,
    ],
    [
      "by a Chinese negation in a question",
      "狗可以吃巧克力吗，吃了以后应该怎么办？",
      "请马上联系兽医。",
      "狗不可以吃巧克力吗，吃了以后应该怎么办？",
      "请马上联系兽医。",
    ],
    [
      "by the level of a line of code",
      "Mend it.",
      "for x in y:\n    a()\n    b()",
      "Mend it.",
      "for x in y:\n    a()\nb()",
    ],
  ])("%s", (_, question, answer, other, otherAnswer) => {
    expect(apart(answered(question, answer), answered(other, otherAnswer))).toBe(true);
  });

  test("by reasoning, calls, and the answers of a pair", () => {
    const thought = (text: string) =>
      whole([user("q"), { ...assistant("a"), reasoning_content: text }]);
    expect(apart(thought("It must be so."), thought("It cannot be so."))).toBe(true);
    const called = (city: string) =>
      whole([
        user("q"),
        { ...assistant(""), tool_calls: [{ function: { name: "f", arguments: { city } } }] },
      ]);
    expect(apart(called("Lund"), called("Oslo"))).toBe(true);
    const pair = (rejected: string): WholeRow => ({
      ...whole([user("q")]),
      pair: { chosen: [assistant("a")], rejected: [assistant(rejected)] },
    });
    expect(apart(pair("worse"), pair("bad"))).toBe(true);
    expect(apart(pair("bad"), pair("bad"))).toBe(false);
  });

  test("by long system messages and tools of their own, not by a date in them", () => {
    const instructed = (text: string) =>
      whole([{ role: "system", content: text }, user("q"), assistant("a")]);
    const other = long.map((word) => word.replace("word", "term")).join(" ");
    expect(apart(instructed(long.join(" ")), instructed(other))).toBe(true);
    const dated = (day: string) => instructed(`${long.join(" ")} Today is ${day}.`);
    expect(apart(dated("Monday"), dated("Friday"))).toBe(false);
    expect(apart(instructed("Be kind."), instructed("Be short."))).toBe(false);
    const named = (name: string) => whole([user("q"), assistant("a")], [{ name }]);
    expect(apart(named("weather"), named("stocks"))).toBe(true);
    expect(apart(named("weather"), whole([user("q"), assistant("a")]))).toBe(true);
    const withTools = (text: string) =>
      whole([user("q"), assistant("a")], [{ name: "f", description: text }]);
    expect(apart(withTools(long.join(" ")), withTools(other))).toBe(true);
  });
});

test("rows about other pictures are told apart, and differ to the exact method", async () => {
  const row = (image: string) => ({
    messages: [user("What is in the picture?"), assistant("A cat that sits on a mat.")],
    images: [image],
  });
  const file = folder.write("pictures.jsonl", [row("a.png"), row("b.png"), row("a.png")]);
  for (const method of ["minhash", "simhash", "exact"] as const) {
    const options = { threads: 1, parameters: { method } };
    const report = await dedupFiles([file], folder.path("pictures.out"), options);
    expect(report).toMatchObject({ rowsOut: 2, duplicates: 1 });
  }
});

describe("rows are not told apart", () => {
  test.each([
    ["by case, space and full stops", "Is it  warm?", "Yes, it is.", "is it warm", "yes, it is"],
    [
      "by the wording of a question",
      "How do I keep it?",
      long.join(" "),
      "How can I keep it?",
      long.join(" "),
    ],
    ["by all its indentation", "q", "if x:\n    y()", "q", "if x:\ny()"],
    ["by a word of a long answer", "q", long.join(" "), "q", long.with(4, "other").join(" ")],
  ])("%s", (_, question, answer, other, otherAnswer) => {
    expect(apart(answered(question, answer), answered(other, otherAnswer))).toBe(false);
  });

  test("in a time that grows with the length of a line of full stops", () => {
    const dots = `${".".repeat(300_000)}x`;
    expect(apart(answered("q", dots), answered("q", dots))).toBe(false);
  });

  test("by turns that only one of them has", () => {
    const longer = whole([user("q"), assistant("a"), user("Thanks"), assistant("Any time.")]);
    expect(apart(answered("q", "a"), longer)).toBe(false);
  });
});

test("a chain of texts that are each like the next is not one row", async () => {
  const words = Array.from({ length: 400 }, (_, at) => `w${at.toString(36)}q`);
  const rows = Array.from({ length: 17 }, (_, row) => ({
    text: words.slice(6 * row, 6 * row + 120).join(" "),
  }));
  const file = folder.write("chain.jsonl", rows);
  const options = { threads: 1, parameters: { compare: "all" } } as const;
  const run = (checkJaccard: boolean) => {
    const merge = { acceptLarge: true, checkJaccard };
    return dedupFiles([file], folder.path("chain.out"), { ...options, merge });
  };
  expect((await run(false)).rowsOut).toBe(1);
  expect((await run(true)).rowsOut).toBe(5);
});

test("of many rows that are like each other but not duplicates all stay, compared within their bands", async () => {
  const rows = Array.from({ length: 150 }, (_, row) => ({
    text: `${long.join(" ")} ${long.join(" ")} ${row} ${row + 1} ${row + 2}`,
  }));
  const file = folder.write("alike.jsonl", [...rows, ...rows]);
  const merge = { banding: { bands: 256, rows: 1 } };
  const parameters = { commonShare: 1 };
  const report = await dedupFiles([file], folder.path("alike.out"), {
    threads: 1,
    merge,
    parameters,
  });
  expect(report).toMatchObject({ rowsOut: 150, duplicates: 150, largestCluster: 2 });
});
