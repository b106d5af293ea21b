/** Padding, samples, findings in texts, frequent texts. */
import { describe, expect, test } from "vitest";
import { tinyTokenizerPath } from "../../data/testFiles.js";
import { loadTokenizer } from "../../text/index.js";
import { sampleRows } from "../sampleRows.js";
import { frequentCounter } from "./frequentTexts.js";
import { estimatePadding } from "./padding.js";
import { addLength, lengthSketch } from "./sketch.js";
import { addTally, otherName, sortedTallies, type Tallies } from "./tally.js";
import { random } from "./testRandom.js";
import { findPlaceholders, tokenKinds } from "./textFindings.js";

describe("padding", () => {
  const sketchOf = (values: readonly number[]) => {
    const sketch = lengthSketch();
    for (const value of values) addLength(sketch, value);
    return sketch;
  };

  test("of equal lengths is none, but to the maximal length", () => {
    const estimate = estimatePadding(sketchOf(Array(64).fill(256)), 512, 8)!;
    expect(estimate.padded_to_max_length).toBe(0.5);
    expect(estimate.padded_to_longest).toBeCloseTo(1, 10);
    expect(estimate.best_fit_rows).toBe(1);
  });

  test("to the longest of a batch is what batches drawn at random have", () => {
    const next = random(5);
    const values = Array.from({ length: 3000 }, () => 1 + Math.floor(900 * next() ** 2));
    const { padded_to_longest: share } = estimatePadding(sketchOf(values), 4096, 8)!;
    let tokens = 0;
    let places = 0;
    for (let batch = 0; batch < 4000; batch++) {
      const drawn = Array.from({ length: 8 }, () => values[Math.floor(next() * values.length)]!);
      tokens += drawn.reduce((sum, value) => sum + value, 0);
      places += 8 * Math.max(...drawn);
    }
    expect(share).toBeCloseTo(tokens / places, 2);
  });

  test("longer conversations count as cut; of nothing there is no estimate", () => {
    expect(estimatePadding(sketchOf([5000]), 100, 8)!.padded_to_max_length).toBe(1);
    expect(estimatePadding(lengthSketch(), 100, 8)).toBeUndefined();
  });
});

describe("a sample", () => {
  test("has one row of each part, by its seed", () => {
    const rows = [...sampleRows(1000, 10, 0)];
    expect(rows.map((row) => Math.floor(row / 100))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...sampleRows(1000, 10, 0)]).toEqual(rows);
    expect([...sampleRows(1000, 10, 1)]).not.toEqual(rows);
  });

  test("of as many rows as there are has them all", () => {
    expect([...sampleRows(5, 9, 0)]).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("placeholders", () => {
  test.each([
    ["Hi {{name}}, I am {{ author }}.", ["{{name}}", "{{ author }}"]],
    ["Dear [Your Name], [insert date here]", ["[Your Name]", "[insert date here]"]],
    ["尊敬的[姓名]：【公司名称】", ["[姓名]", "【公司名称】"]],
    ["a[0] = b[index]; [1, 2] {x} [link](url) 【注意】", []],
  ])("of %s", (text, expected) => {
    expect([...findPlaceholders(text)]).toEqual(expected);
  });
});

describe("tokens", () => {
  test("that are bytes of characters are pieces", async () => {
    const tokenizer = await loadTokenizer(tinyTokenizerPath);
    const kindOf = tokenKinds(tokenizer);
    const kinds = async (text: string) =>
      new Set([...(await tokenizer.encode(text))].map((id) => kindOf(id)));
    expect(await kinds("hello there")).toEqual(new Set(["whole"]));
    expect([...(await kinds("🜚"))].some((kind) => kind !== "whole")).toBe(true);
  });
});

describe("frequent texts", () => {
  test("are counted exactly while they fit, the most frequent first", () => {
    const counter = frequentCounter();
    for (const [row, hash] of [7, 8, 7, 9, 8, 7].entries()) counter.add(hash, row);
    expect(counter.top(5)).toEqual([
      { rows: 3, row: 0 },
      { rows: 2, row: 1 },
    ]);
    expect(counter.exact()).toBe(true);
  });

  test("in little memory the frequent ones stay, and it says so", () => {
    const counter = frequentCounter(64);
    for (let row = 0; row < 10_000; row++) counter.add(row % 10 === 0 ? 1 : row + 100, row);
    const [top] = counter.top(1);
    expect(top!.rows).toBeGreaterThan(900);
    expect(counter.exact()).toBe(false);
  });
});

test("a tally of many names keeps the total", () => {
  const tallies: Tallies = new Map();
  for (let name = 0; name < 2000; name++) {
    addTally(tallies, `reason ${name}`, 1, [{ file: "f", line: name }]);
  }
  const sorted = sortedTallies(tallies);
  expect(sorted.reduce((sum, { rows }) => sum + rows, 0)).toBe(2000);
  expect(sorted[0]!.name).toBe(otherName);
  expect(sorted[0]!.places).toHaveLength(3);
});
