/** Attention of many rows at once against that of each alone. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal } from "../../test/engine/values.js";
import { cat, type Tensor, tensor, tidy } from "../tensor/index.js";
import {
  type AttentionOptions,
  alibiSlopes,
  cachedAttention,
  rowAttention,
  rowBias,
} from "./index.js";

const random = seededRandom(5);
const [heads, keyHeads, size, columns] = [6, 2, 8, 64];
const lengths = [40, 1, 64, 17];
const options: [string, AttentionOptions][] = [
  ["plain", {}],
  ["scale and window", { scale: 0.7, window: 20 }],
  ["soft cap", { softCap: 2 }],
  ["ALiBi", { alibiSlopes: alibiSlopes(heads) }],
  ["all of them", { scale: 0.7, window: 20, softCap: 2, alibiSlopes: alibiSlopes(heads) }],
];

/** Each row by itself. @param k [b, nKv, columns, hd] */
function alone(q: Tensor, k: Tensor, v: Tensor, option: AttentionOptions): Tensor {
  const rows = lengths.map((length, row) => {
    const own = (x: Tensor) => x.select(0, row).narrow(1, 0, length).transpose(0, 1);
    return cachedAttention(q.narrow(0, row, 1), own(k), own(v), option);
  });
  return cat(rows);
}

describe.each([size, 5])("values of width %i", (width) => {
  test.each(options)("rows of different lengths, %s", (_, option) => {
    tidy(() => {
      const q = normal(random, [lengths.length, heads, size]);
      // Rows of a wider storage.
      const k = normal(random, [lengths.length, keyHeads, columns + 8, size]).narrow(2, 0, columns);
      const v = normal(random, [lengths.length, keyHeads, columns + 8, width]).narrow(
        2,
        0,
        columns,
      );
      const lasts = Float32Array.from(lengths, (length) => length - 1);
      const last = tensor(lasts, [lengths.length, 1, 1, 1]);
      const bias = rowBias(option, last, columns, keyHeads);
      const together = rowAttention(q, k, v, bias, option);
      expect(together.shape).toEqual([lengths.length, heads * width]);
      expect(difference(together, alone(q, k, v, option))).toBeLessThan(3e-6);
    });
  });
});

test("rows of one length need no bias", () => {
  tidy(() => {
    const q = normal(random, [3, heads, size]);
    const [k, v] = [1, 2].map(() => normal(random, [3, keyHeads, columns, size]));
    const last = tensor(new Float32Array(3).fill(columns - 1), [3, 1, 1, 1]);
    const bias = rowBias({}, last, columns, keyHeads);
    const without = rowAttention(q, k!, v!, null);
    expect(difference(without, rowAttention(q, k!, v!, bias))).toBeLessThan(1e-6);
  });
});

test("bfloat16 stays bfloat16, as near as its roundings allow", () => {
  tidy(() => {
    const whole = [
      normal(random, [lengths.length, heads, size]),
      normal(random, [lengths.length, keyHeads, columns, size]),
      normal(random, [lengths.length, keyHeads, columns, size]),
    ] as const;
    const [q, k, v] = whole.map((x) => x.to({ dtype: "bfloat16" }));
    const last = tensor(
      Float32Array.from(lengths, (length) => length - 1),
      [4, 1, 1, 1],
    );
    const bias = rowBias({}, last, columns, keyHeads);
    const half = rowAttention(q!, k!, v!, bias);
    expect(half.dtype).toBe("bfloat16");
    const wide = [q, k, v].map((x) => x!.to({ dtype: "float32" }));
    const expected = alone(wide[0]!, wide[1]!, wide[2]!, {});
    expect(difference(half.to({ dtype: "float32" }), expected)).toBeLessThan(0.03);
  });
});
