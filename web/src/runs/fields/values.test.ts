import { expect, it } from "vitest";
import { parse } from "yaml";
import type { FormField } from "../../../../src/serve/schema";
import { parsed, typed, withValue, yamlOf } from "./values";

const field = (over: Partial<FormField>): FormField => ({
  key: "learning_rate",
  kind: "number",
  nullable: false,
  default: 2e-4,
  choices: null,
  minimum: 0,
  maximum: null,
  help: "",
  ...over,
});

it("reads numbers, lists and objects as they are typed, and says what is wrong", () => {
  expect(parsed(field({}), "1e-4")).toEqual({ value: 1e-4 });
  expect(parsed(field({}), "-1")).toEqual({ fault: "small" });
  expect(parsed(field({}), "fast")).toEqual({ fault: "number" });
  expect(parsed(field({ kind: "integer" }), "1.5")).toEqual({ fault: "integer" });
  expect(parsed(field({ nullable: true }), " ")).toEqual({ value: null });
  expect(parsed(field({ kind: "list" }), "a, b\n\n3")).toEqual({ value: ["a, b", 3] });
  expect(parsed(field({ kind: "json" }), "{")).toEqual({ fault: "json" });
  expect(typed(["a, b", "c"])).toBe("a, b\nc");
});

it("keeps only what differs from the default", () => {
  expect(withValue({ seed: 1 }, field({}), 1e-3)).toEqual({ seed: 1, learning_rate: 1e-3 });
  expect(withValue({ learning_rate: 1e-3 }, field({}), 2e-4)).toEqual({});
});

it("writes YAML that says the same", () => {
  const values = {
    a: "yes",
    b: "x: y",
    c: [1, "2"],
    d: 2e-4,
    e: null,
    f: { g: true },
    h: "lora",
    i: "中文 and # more",
    j: "null",
    k: "1e3",
  };
  expect(parse(yamlOf(values))).toEqual(values);
});
