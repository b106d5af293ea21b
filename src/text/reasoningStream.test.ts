import { describe, expect, it } from "vitest";
import { jinjaForms } from "./jinjaForms/index.js";
import { createJinjaTemplate } from "./jinjaTemplate.js";
import { createReasoningSplitter, reasoningMarksOf } from "./reasoningStream.js";
import { textOf } from "./segmentText.js";
import { byteTokenizer, chatmlJinja } from "./testTokenizers.js";

const tokenizer = byteTokenizer([], chatmlJinja);
const templateOf = (source: string) =>
  createJinjaTemplate(source, "test", tokenizer, { stop: ["<|im_end|>"] });
const think = { opening: "<think>", closing: "</think>" };

/** Reads an answer in pieces of each size, which must not matter. */
function split(answer: string, prompt = "", marks: typeof think | null = think) {
  const results = [1, 2, 3, 7, 1000].map((size) => {
    const splitter = createReasoningSplitter(marks ?? undefined, prompt);
    const found = { reasoning: "", text: "" };
    const pieces = answer.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    for (const { kind, text } of [
      ...pieces.flatMap((piece) => splitter.push(piece)),
      ...splitter.finish(),
    ]) {
      found[kind] += text;
    }
    return found;
  });
  for (const result of results) expect(result).toEqual(results[0]);
  return results[0]!;
}

describe("marks of reasoning", () => {
  it.each([
    ["qwen3", think],
    ["deepseek-r1", think],
    // Both take the reasoning of earlier turns out, whoever wrote it.
    ["deepseek-v3", think],
    ["qwen2.5", undefined],
    ["llama3.1", undefined],
  ])("of %s", (name, expected) => {
    expect(reasoningMarksOf(templateOf(jinjaForms[name]!.source))).toEqual(expected);
  });
  it("are none where a template knows none", () => {
    expect(reasoningMarksOf(templateOf(chatmlJinja))).toBeUndefined();
  });
});

describe("an answer", () => {
  it.each([
    [
      "<think>\nWell.\n\nYes.\n</think>\n\nIt is.\n",
      { reasoning: "Well.\n\nYes.", text: "It is.\n" },
    ],
    ["\n<think></think>It is.", { reasoning: "", text: "It is." }],
    ["It is <think>no</think>.", { reasoning: "", text: "It is <think>no</think>." }],
    ["<think>cut off </thi", { reasoning: "cut off </thi", text: "" }],
    ["<thin", { reasoning: "", text: "<thin" }],
    ["<think>a</think>b</think>c", { reasoning: "a", text: "b</think>c" }],
    ["", { reasoning: "", text: "" }],
  ])("%j is split", (answer, expected) => {
    expect(split(answer)).toEqual(expected);
  });
  it("whose prompt opened the reasoning begins with it", () => {
    expect(split("Well.\n</think>\n\nIt is.", "<|Assistant|><think>\n")).toEqual({
      reasoning: "Well.",
      text: "It is.",
    });
  });
  it("whose prompt closed it has none", () => {
    const template = templateOf(jinjaForms.qwen3!.source);
    const options = {
      addGenerationPrompt: true,
      promptOnly: true,
      variables: { enable_thinking: false },
    };
    const prompt = textOf(template.render([{ role: "user", content: "?" }], options));
    expect(prompt).toContain("</think>");
    expect(split("It is.", prompt)).toEqual({ reasoning: "", text: "It is." });
  });
  it("of a model without marks is text", () => {
    expect(split("<think>a</think>b", "", null)).toEqual({
      reasoning: "",
      text: "<think>a</think>b",
    });
  });
});
