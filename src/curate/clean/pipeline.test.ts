import { describe, expect, test } from "vitest";
import { describeOptions, explainPipeline } from "./describe.js";
import { cleanOperators } from "./operators/index.js";
import { parsePipeline, resolvePipeline } from "./pipeline.js";
import { cleanPresets } from "./presets.js";

const names = (yaml: string) => parsePipeline(yaml, "clean.yaml").map(({ operator }) => operator);

describe("a pipeline in YAML", () => {
  test("changes operators of its preset in place, adds others, leaves out some", () => {
    const steps = parsePipeline(
      "preset: chat\noperators:\n  - filter_turn_count: { maximum: 3 }\n  - filter_refusals\nwithout: [replace_ip]",
      "clean.yaml",
    );
    const preset = cleanPresets.chat!.steps.map(([operator]) => operator);
    const expected = [...preset.filter((name) => name !== "replace_ip"), "filter_refusals"];
    expect(steps.map(({ operator }) => operator)).toEqual(expected);
    const turns = steps.find(({ operator }) => operator === "filter_turn_count");
    expect(turns?.options).toEqual({ minimum: 1, maximum: 3, cut: false });
  });

  test("may name an operator twice", () => {
    const twice = "operators: [filter_refusals, filter_refusals]";
    expect(names(twice)).toEqual(["filter_refusals", "filter_refusals"]);
  });

  test.each([
    [
      "operators: [filter_refusal]",
      "unknown operator filter_refusal",
      "did you mean filter_refusals?",
    ],
    [
      "operators: [filter_turn_count: {maxmum: 1}]",
      "unknown option maxmum",
      "did you mean maximum?",
    ],
    ["operators: [filter_turn_count: {maximum: many}]", "filter_turn_count: maximum:", "--list"],
    ["presets: chat", "unknown option presets", "did you mean preset?"],
    ["preset: chatt", "unknown preset chatt", "chat, chat-strict, web"],
    ["preset: constructor", "unknown preset constructor", "chat, chat-strict, web"],
    ["preset: chat\nwithout: [replace_ips]", "replace_ips is not in", "did you mean replace_ip?"],
    [
      "operators: [filter_turn_count: {minimum: 5, maximum: 2}]",
      "minimum 5 is greater than",
      "lower",
    ],
    [
      "operators: [filter_length: {minimum_words: 9, maximum_words: 8}]",
      "minimum_words 9",
      "raise",
    ],
    ["operators: [filter_turn_count: 5]", "operators.0: must be the name of an operator", "--list"],
    ["operators: filter_refusals", "operators: must be a list of operators", "--list"],
    ["chat", "clean.yaml: is not a pipeline", "--explain"],
    ["operators: [filter_self_identification: {names: []}]", "names: must", "--list"],
    ["{}", "has no operators", "give a preset"],
    ["a: [", "not valid YAML", undefined],
  ])("%j is refused with the way out", (yaml, message, todo) => {
    let error: { message?: string; todo?: string; exitCode?: number } = {};
    try {
      names(yaml);
    } catch (thrown) {
      error = thrown as typeof error;
    }
    expect(error).toMatchObject({ exitCode: 2 });
    expect(error.message).toContain(message);
    if (todo !== undefined) expect(error.todo).toContain(todo);
  });

  test("is explained as YAML that means the same", () => {
    for (const preset of Object.keys(cleanPresets)) {
      const steps = resolvePipeline({ preset }, "test");
      expect(parsePipeline(explainPipeline(steps), "explained")).toEqual(steps);
    }
  });
});

test("every operator has a name of its own, and options with a default and a description", () => {
  const all = cleanOperators.map(({ name }) => name);
  expect(new Set(all).size).toBe(all.length);
  for (const operator of cleanOperators) {
    expect(operator.options.safeParse({}).success || operator.name).not.toBe("");
    for (const option of describeOptions(operator)) {
      expect(option.description, `${operator.name}.${option.name}`).not.toBe("");
    }
    const unknown = operator.options.safeParse({ no_such_option: 1 });
    expect(unknown.success, operator.name).toBe(false);
  }
});
