import { expect, test } from "vitest";
import { textWidth } from "../textWidth.js";
import { type Paint, renderComparison } from "./comparison.js";

const plain: Paint = { bold: (text) => text, dim: (text) => text, green: (text) => text };
const answers = [
  {
    question: "What is Tunewright?",
    before: "Tunewright is a small town in the north of England, known for its musicians.",
    after: "Tunewright is a program for fine-tuning.",
  },
  {
    question: "能介绍一下 Tunewright 吗？",
    before: "当然可以！这是一个很好的问题，我会尽力回答，但我并不知道它是什么。".repeat(6),
    after: "Tunewright 是一个监督微调程序。",
  },
];

test("answers stand side by side, and Chinese text keeps the columns straight", () => {
  const lines = renderComparison(answers, 80, plain);
  const divided = lines.filter((line) => line.includes(" │ "));
  expect(new Set(divided.map((line) => textWidth(line.split("│")[0]!)))).toEqual(new Set([39]));
  expect(lines.every((line) => textWidth(line) <= 80)).toBe(true);
  const right = divided.map((line) => line.split("│")[1]!.trim()).join(" ");
  for (const { after } of answers) expect(right).toContain(after);
});

test("a long answer is cut after the lines asked for", () => {
  const lines = renderComparison(answers, 80, plain, 3);
  const from = lines.indexOf("能介绍一下 Tunewright 吗？");
  expect(lines.slice(from + 1)).toHaveLength(3);
  expect(lines.at(-1)).toMatch(/…/);
});

test("a narrow terminal gets one answer after the other", () => {
  const lines = renderComparison(answers, 40, plain);
  expect(lines.filter((line) => line === "before:" || line === "after:")).toHaveLength(4);
  expect(lines.every((line) => textWidth(line) <= 40)).toBe(true);
});

test("colour codes do not move the columns", () => {
  const code = (text: string) => `\u001b[2m${text}\u001b[0m`;
  const coloured = renderComparison(answers, 80, { bold: code, dim: code, green: code });
  const bare = coloured.map((line) =>
    line.replaceAll("\u001b[2m", "").replaceAll("\u001b[0m", "").trimEnd(),
  );
  expect(bare).toEqual(renderComparison(answers, 80, plain));
});
