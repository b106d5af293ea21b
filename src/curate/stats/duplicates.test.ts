/** The estimates against planted duplicates. */
import { describe, expect, test } from "vitest";
import { messagesRow } from "../../data/testFiles.js";
import { defaultParameters, jaccardSimilarity, shingleHashes } from "../dedup/index.js";
import { duplicateCounter } from "./duplicates.js";
import { addFingerprint, fingerprints, similarity } from "./fingerprint.js";
import { random } from "./testRandom.js";

const none = new BigUint64Array(0);
const words = "the cat sat on mat while rain fell over quiet town and people spoke of it again";
const chinese = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜";

function texts(count: number, seed: number, alphabet: readonly string[], length = 80): string[][] {
  const next = random(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)]!),
  );
}

function estimate(rows: readonly string[], counter = duplicateCounter()) {
  const prints = fingerprints(rows.length);
  for (const [row, text] of rows.entries()) {
    addFingerprint(prints, row, messagesRow("question", text), "q", none);
  }
  counter.add(
    prints,
    rows.map((_, row) => row),
  );
  return counter.estimate();
}

/** Jaccard similarity of what deduplication compares. */
function jaccard(a: string, b: string): number {
  const [one, other] = [a, b].map((text) => shingleHashes(text, defaultParameters));
  return jaccardSimilarity(one!, other!);
}

describe.each([
  ["English", words.split(" ").map((word) => `${word} `)],
  ["Chinese", [...chinese]],
])("%s", (_name, alphabet) => {
  const join = (list: readonly string[]) => list.join("");

  test("unlike rows are no duplicates", () => {
    const { exact, near, complete } = estimate(texts(300, 1, alphabet, 120).map(join));
    expect([exact.share, near.share, complete]).toEqual([0, 0, true]);
  });

  test("planted near-duplicates are found", () => {
    const rows = texts(200, 2, alphabet, 300);
    // Two changed words in three hundred.
    const changed = rows.slice(0, 50).map((row) => row.with(20, "ABC").with(200, "XYZ"));
    const { near, exact } = estimate([...rows, ...changed].map(join));
    expect(near.share).toBeCloseTo(50 / 250, 2);
    expect(near.first).toEqual([expect.any(Number), expect.any(Number)]);
    expect(near.first![1] - near.first![0]).toBe(200);
    expect(exact.share).toBe(0);
  });

  test("the sketch estimates the Jaccard similarity", () => {
    const [row] = texts(1, 3, alphabet, 400).map((list) => list.join(""));
    const end = [..."abcdefghijkl"].map((letter) => `${letter}x `.repeat(2)).join("");
    for (const part of [0.95, 0.8, 0.5, 0.2]) {
      const other = `${row!.slice(0, Math.round(row!.length * part))} ${end}`;
      const prints = fingerprints(2);
      for (const [index, text] of [row!, other].entries()) {
        addFingerprint(prints, index, { messages: [{ role: "user", content: text }] }, text, none);
      }
      expect(Math.abs(similarity(prints.bits, 0, 1) - jaccard(row!, other))).toBeLessThan(0.15);
    }
  });
});

test("equal rows are counted exactly, and so are equal first prompts", () => {
  const counter = duplicateCounter();
  const prints = fingerprints(5);
  for (const [row, text] of ["a", "b", "a", "a", "c"].entries()) {
    addFingerprint(prints, row, messagesRow(text, "same"), row < 2 ? "p" : `p${row}`, none);
  }
  counter.add(prints, [10, 11, 12, 13, 14]);
  const { exact, prompts } = counter.estimate();
  expect(exact).toEqual({ share: 2 / 5, largest: 3, first: [10, 12] });
  expect(prompts.share).toBe(1 / 5);
});

test("in little memory the shares stay about right, and it says so", () => {
  const rows = Array.from({ length: 20_000 }, (_, row) => `text number ${row % 10_000}`);
  const prints = fingerprints(rows.length);
  for (const [row, text] of rows.entries()) {
    addFingerprint(prints, row, { messages: [{ role: "user", content: text }] }, text, none);
  }
  const counter = duplicateCounter(1024, 512);
  counter.add(
    prints,
    rows.map((_, row) => row),
  );
  const { exact, near, complete } = counter.estimate();
  expect(complete).toBe(false);
  expect(exact.share).toBeCloseTo(0.5, 1);
  expect(near.comparedRows).toBeLessThanOrEqual(512);
  expect(near.comparedRows).toBeGreaterThanOrEqual(256);
});

test("several questions about one page are no duplicates", () => {
  const page = texts(1, 7, words.split(" "), 200)[0]!.join(" ");
  const asked = ["Who is the king?", "Where is the ship?", "What is sold here?"];
  const prints = fingerprints(asked.length);
  for (const [row, question] of asked.entries()) {
    const conversation = messagesRow(`${page}.\nQuestion: ${question}`, "Not stated.");
    addFingerprint(prints, row, conversation, question, none);
  }
  const counter = duplicateCounter();
  counter.add(prints, [0, 1, 2]);
  expect(counter.estimate().near.share).toBe(0);
});
