/** Attention over a tree of texts against attention of each text alone. */
import { describe, expect, test } from "vitest";
import { cat, liveTensors, type Tensor, tensor, tidy } from "../tensor/index.js";
import { randomNumbers } from "../util/testRandom.js";
import { type AttentionOptions, cachedAttention } from "./attention.js";
import { alibiSlopes } from "./attentionBias.js";
import { type TextNode, treeAttention } from "./treeAttention.js";

const HEADS = 4;
const KEY_HEADS = 2;

/** A beginning of five tokens; a node with two that go on, one of which has two more; one alone. */
const nodes: TextNode[] = [
  { start: 0, length: 3, end: 10 },
  { start: 3, length: 2, end: 8 },
  { start: 5, length: 1, end: 6 },
  { start: 6, length: 2, end: 8 },
  { start: 8, length: 2, end: 10 },
  { start: 10, length: 4, end: 14 },
];
/** Indexes of the nodes on the way to each. */
const paths = [[0], [0, 1], [0, 1, 2], [0, 1, 3], [0, 4], [5]];

function values(x: Tensor): number[] {
  return [...new Float32Array(x.to({ dtype: "float32" }).contiguous().bytes().slice().buffer)];
}

describe.each([
  ["whole attention", {}, 8],
  ["a scale, and values of another width", { scale: 0.5 }, 5],
  ["a window", { window: 4 }, 8],
  ["a window that hides nothing", { window: 100 }, 8],
  ["linear biases", { alibiSlopes: alibiSlopes(HEADS) }, 8],
  ["a soft cap", { softCap: 2 }, 8],
] as [string, AttentionOptions, number][])("%s", (_, options, width) => {
  test.each([true, false])("a node sees its path and itself; a beginning before all: %s", (has) => {
    const before = liveTensors();
    tidy(() => {
      const random = randomNumbers(7);
      const make = (n: number, heads: number, columns: number) =>
        tensor(
          Float32Array.from({ length: n * heads * columns }, () => random(4000) / 1000 - 2),
          [n, heads, columns],
        );
      const [q, k, v] = [make(14, HEADS, 8), make(14, KEY_HEADS, 8), make(14, KEY_HEADS, width)];
      const beginning = has
        ? { keys: make(5, KEY_HEADS, 8), values: make(5, KEY_HEADS, width) }
        : null;
      const joined = treeAttention(q, k, v, nodes, beginning, options);
      expect(joined.shape).toEqual([14, HEADS * width]);
      nodes.forEach(({ start, length }, i) => {
        const path = paths[i]!.map((index) => nodes[index]!);
        const all = (x: Tensor, first?: Tensor) =>
          cat([
            ...(first ? [first] : []),
            ...path.map((one) => x.narrow(0, one.start, one.length)),
          ]);
        const alone = cachedAttention(
          q.narrow(0, start, length),
          all(k, beginning?.keys),
          all(v, beginning?.values),
          options,
        );
        const wanted = values(alone);
        values(joined.narrow(0, start, length)).forEach((value, at) => {
          expect(value).toBeCloseTo(wanted[at]!, 5);
        });
      });
    });
    expect(liveTensors()).toBe(before);
  });
});
