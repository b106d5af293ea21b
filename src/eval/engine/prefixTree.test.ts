/** Trees of texts and their passes, by hand. */
import { describe, expect, test } from "vitest";
import { randomNumbers } from "../../util/testRandom.js";
import { heldTokens, type Pass, passesOf } from "./passes.js";
import { type MarkedText, type PrefixNode, prefixTree } from "./prefixTree.js";

/** Each text is marked at its last position. */
function texts(...lists: number[][]): MarkedText[] {
  return lists.map((ids, request) => ({
    ids: Int32Array.from(ids),
    marks: [{ at: ids.length - 1, token: 9, request }],
  }));
}

/** A tree as nested lists: tokens, requests whose marks it has, what goes on from it. */
function shape({ ids, start, end, marks, children }: PrefixNode): unknown[] {
  const own = [[...ids.subarray(start, end)], marks.map(({ request }) => request)];
  return children.length > 0 ? [...own, children.map(shape)] : own;
}

describe("a tree", () => {
  test("has what texts begin with once, and the texts that others begin with in those", () => {
    const tree = prefixTree(texts([1, 2, 3, 4], [1, 2, 3], [1, 2, 5], [7], [1, 2, 3, 4]), 1);
    expect(tree.map(shape)).toEqual([
      [
        [1, 2],
        [],
        [
          [
            [3, 4],
            [1, 0, 4],
          ],
          [[5], [2]],
        ],
      ],
      [[7], [3]],
    ]);
    expect(tree.map(({ size }) => size)).toEqual([5, 1]);
    expect(tree[0]!.children.map(({ start }) => start)).toEqual([2, 2]);
  });

  test("computes again what is too short to be shared", () => {
    const tree = prefixTree(texts([1, 2, 3], [1, 2, 4], [1, 2, 5]), 5);
    expect(tree.map(shape)).toEqual([
      [[1, 2, 3], [0]],
      [[1, 2, 4], [1]],
      [[1, 2, 5], [2]],
    ]);
    expect(prefixTree(texts([1, 2, 3], [1, 2, 4], [1, 2, 5]), 4)).toHaveLength(1);
  });

  test("of no texts is empty", () => expect(prefixTree([])).toEqual([]));
});

describe("passes", () => {
  /** Rows, tokens held before, and whether these are held. */
  const outline = ({ ids, held, holds }: Pass) => [[...ids], held, holds];

  test("hold what several need, and compute small branches together", () => {
    const shared = [1, 2, 3, 4, 5];
    const tree = prefixTree(
      texts([...shared, 6, 7], [...shared, 6, 8], [...shared, 9], [10, 11, 12]),
      1,
    );
    expect([...passesOf(tree, 4, 1)].map(outline)).toEqual([
      [[10, 11, 12], 0, false],
      [[1, 2, 3, 4], 0, true],
      [[5], 4, true],
      [[6, 7, 8, 9], 5, false],
    ]);
    const last = [...passesOf(tree, 4, 1)].at(-1)!;
    expect([...last.positions]).toEqual([5, 6, 6, 5]);
    expect(last.nodes).toEqual([
      { start: 0, length: 1, end: 3 },
      { start: 1, length: 1, end: 2 },
      { start: 2, length: 1, end: 3 },
      { start: 3, length: 1, end: 4 },
    ]);
    expect(last.marks.map(({ row, mark }) => [row, mark.request])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
  });

  test("have room for a text that is too long for one of them once it has its beginning again", () => {
    // Each text alone fits into a pass of 5 tokens, but not with the short beginning that is not held.
    const tree = prefixTree(texts([1, 2, 3, 4, 5, 6], [1, 2, 7]), 1);
    expect([...passesOf(tree, 5, 4)].map(outline)).toEqual([
      [[1, 2, 7], 0, false],
      [[1, 2, 3, 4, 5], 0, true],
      [[6], 5, true],
    ]);
    expect(heldTokens(tree, 5, 4)).toBe(6);
  });

  test("do not hold what is too short", () => {
    const tree = prefixTree(texts([1, 2, 3, 4, 5], [1, 2, 3, 6, 7]), 1);
    expect([...passesOf(tree, 5, 4)].map(outline)).toEqual([
      [[1, 2, 3, 4, 5], 0, false],
      [[1, 2, 3, 6, 7], 0, false],
    ]);
    expect([...passesOf(tree, 5, 3)].map(outline)).toEqual([
      [[1, 2, 3], 0, true],
      [[4, 5, 6, 7], 3, false],
    ]);
  });

  test.each([1, 3, 8, 1000])("of at most %d tokens give every text its own", (most) => {
    const random = randomNumbers(5);
    const lists = Array.from({ length: 60 }, () =>
      Array.from({ length: 1 + random(12) }, () => random(3)),
    );
    for (const leastSpared of [1, 4, 30]) {
      const found: (number[] | undefined)[] = [];
      const heldIds: number[] = [];
      const tree = prefixTree(texts(...lists), leastSpared);
      const room = heldTokens(tree, most, leastSpared);
      for (const pass of passesOf(tree, most, leastSpared)) {
        heldIds.length = pass.held;
        expect(pass.ids.length).toBeLessThanOrEqual(most);
        for (const { row, mark } of pass.marks) {
          const path = pass.nodes.filter(({ start, end }) => start <= row && row < end);
          const own = path.flatMap(({ start, length }) =>
            [...pass.ids].slice(start, Math.min(start + length, row + 1)),
          );
          expect(pass.positions[row]).toBe(mark.at);
          found[mark.request] = [...heldIds, ...own];
        }
        if (pass.holds) heldIds.push(...pass.ids);
        expect(heldIds.length).toBeLessThanOrEqual(room);
      }
      expect(found).toEqual(lists);
    }
  });
});
