import { describe, expect, it } from "vitest";
import { readPackedJson } from "../../../test/packedJson.js";
import { Float, formatFloat, numberOf, objectOf, parseJson, stringifyJson } from "./index.js";

/** Made by test/parity/json_fixtures.py: a text, and what Python writes of it, in three styles. */
const { cases, floats } = readPackedJson<{ cases: string[][]; floats: string[] }>(
  new URL("../../../test/parity/fixtures/json.json.gz", import.meta.url),
);

/** Python leaves half a surrogate pair as it is, which no file can hold. */
const escapedHalves = (text: string) =>
  text.replace(/[\ud800-\udfff]/gu, (half) => `\\u${half.charCodeAt(0).toString(16)}`);

describe("a text is read and written as Python's json does", () => {
  const read = cases.filter(({ length }) => length > 1);

  it("on our own files' style", () => {
    for (const [text, compact] of read) {
      expect(stringifyJson(parseJson(text!)), text).toBe(escapedHalves(compact!));
    }
  });

  it("with Python's separators and ASCII only", () => {
    for (const [text, , ascii] of read) {
      const style = { separators: [", ", ": "] as const, ensureAscii: true };
      expect(stringifyJson(parseJson(text!), style), text).toBe(ascii);
    }
  });

  it("with sorted keys and indentation", () => {
    for (const [text, , , sorted] of read) {
      const style = { separators: [",", ": "] as const, sortKeys: true, indent: 2 };
      expect(stringifyJson(parseJson(text!), style), text).toBe(escapedHalves(sorted!));
    }
  });

  it("where it is refused", () => {
    const refused = cases.filter(({ length }) => length === 1);
    expect(refused.length).toBeGreaterThan(80);
    for (const [text] of refused) expect(() => parseJson(text!), text).toThrow(SyntaxError);
  });
});

it("floats are written as Python's repr", () => {
  for (const text of floats) expect(formatFloat(Number(text))).toBe(text);
  expect([Number.NaN, 1 / 0, -1 / 0].map(formatFloat)).toEqual(["nan", "inf", "-inf"]);
});

it("numbers are of three kinds, and objects with keys like indexes are maps", () => {
  expect(parseJson('[20,20.0,9007199254740993,{"10":1}]')).toEqual([
    20,
    new Float(20),
    9007199254740993n,
    new Map([["10", 1]]),
  ]);
  expect(parseJson('{"a":{"b":[1,"2.5"]}}')).toEqual({ a: { b: [1, "2.5"] } });
  expect([2, new Float(2.5), 3n, "4"].map(numberOf)).toEqual([2, 2.5, 3, undefined]);
  expect(objectOf([["b", 1]])).toEqual({ b: 1 });
});

it("integers that would take minutes and nesting without end are refused", () => {
  expect(() => parseJson("9".repeat(4301))).toThrow("4301 digits");
  expect(parseJson("9".repeat(4300))).toBe(10n ** 4300n - 1n);
  expect(() => parseJson(`1.5${"[".repeat(1e6)}`)).toThrow("text after");
  expect(() => parseJson(`[1.5,${"[".repeat(1e6)}`)).toThrow("nested deeper");
});

it("an error says where", () => {
  expect(() => parseJson('{"a": NaN, "b": tru}')).toThrow("expected a value at character 17: tru}");
});
