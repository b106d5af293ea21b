/** Attention to keys in pages against that of each text alone. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal } from "../../test/engine/values.js";
import {
  pagedAttention as call,
  type DType,
  full,
  type Tensor,
  tensor,
  tidy,
} from "../tensor/index.js";
import { NativeError } from "../util/errors.js";
import {
  type AttentionOptions,
  alibiSlopes,
  cachedAttention,
  gatheredAttention,
  type PagedText,
  pagedAttention,
  pageTable,
  slotOf,
  slotTable,
} from "./index.js";

const random = seededRandom(5);
const pageSize = 16;

interface Case {
  title: string;
  heads: number;
  keyHeads: number;
  size: number;
  width: number;
}

const cases: Case[] = [
  { title: "three queries a key", heads: 6, keyHeads: 2, size: 64, width: 64 },
  { title: "one query a key, odd sizes", heads: 3, keyHeads: 3, size: 20, width: 20 },
  { title: "one key for all", heads: 7, keyHeads: 1, size: 32, width: 32 },
  { title: "values of another width", heads: 4, keyHeads: 2, size: 48, width: 35 },
  { title: "small heads", heads: 4, keyHeads: 4, size: 8, width: 8 },
];

const options = ({ heads }: Case): [string, AttentionOptions][] => [
  ["plain", {}],
  ["scale and window", { scale: 0.3, window: 20 }],
  ["window over chunks", { window: 300 }],
  ["soft cap", { softCap: 2 }],
  ["ALiBi", { alibiSlopes: alibiSlopes(heads) }],
  ["all of them", { scale: 0.3, window: 290, softCap: 2, alibiSlopes: alibiSlopes(heads) }],
];

/** Texts whose pages lie anywhere; the second begins with the first one's pages. */
function texts(): PagedText[] {
  const lengths = [700, 530, 1, 16, 17, 300, 256, 257];
  const order = Array.from({ length: 200 }, (_, i) => (i * 77) % 200);
  let next = 0;
  const made = lengths.map((length) => ({
    length,
    pages: Array.from({ length: Math.ceil(length / pageSize) }, () => order[next++]!),
  }));
  made[1]!.pages.splice(0, 20, ...made[0]!.pages.slice(0, 20));
  return made;
}

function storage({ keyHeads, size, width }: Case, dtype: DType = "float32") {
  return {
    keys: normal(random, [200 * pageSize, keyHeads, size]).to({ dtype }),
    values: normal(random, [200 * pageSize, keyHeads, width]).to({ dtype }),
  };
}

function fresh({ heads, keyHeads, size, width }: Case, count: number, dtype: DType = "float32") {
  return [
    normal(random, [count, heads, size]).to({ dtype }),
    normal(random, [count, keyHeads, size]).to({ dtype }),
    normal(random, [count, keyHeads, width]).to({ dtype }),
  ] as const;
}

describe.each(cases)("$title", (one) => {
  test.each(options(one))("%s", (_, option) => {
    tidy(() => {
      const held = storage(one);
      const all = texts();
      const [q, k, v] = fresh(one, all.length);
      const table = pageTable(all, pageSize, "cpu");
      const together = pagedAttention(q, k, v, held, table, option);
      const gathered = gatheredAttention(q, k, v, held, slotTable(all, pageSize, "cpu"), option);
      expect(difference(together, gathered)).toBeLessThan(1e-5);
      all.forEach((text, row) => {
        const slots = Array.from({ length: text.length }, (_, i) => slotOf(text, i, pageSize));
        const own = (x: Tensor) => x.indexSelect(0, tensor(Int32Array.from(slots)));
        const expected = cachedAttention(
          q.narrow(0, row, 1),
          own(held.keys),
          own(held.values),
          option,
        );
        expect(difference(together.narrow(0, row, 1), expected)).toBeLessThan(1e-5);
      });
    });
  });
});

test("no text depends on the others, to the last bit", () => {
  tidy(() => {
    const [one] = cases;
    const held = storage(one!);
    const all = texts();
    const [q, k, v] = fresh(one!, all.length);
    const together = pagedAttention(q, k, v, held, pageTable(all, pageSize, "cpu"));
    all.forEach((text, row) => {
      const [own, key, value] = [q, k, v].map((x) => x.narrow(0, row, 1));
      const alone = pagedAttention(own!, key!, value!, held, pageTable([text], pageSize, "cpu"));
      expect(difference(together.narrow(0, row, 1), alone)).toBe(0);
    });
  });
});

test.each(["bfloat16", "float16"] as const)("%s keys are read as they are", (dtype) => {
  tidy(() => {
    const [one] = cases;
    const held = storage(one!, dtype);
    const all = texts();
    const [q, k, v] = fresh(one!, all.length, dtype);
    const table = pageTable(all, pageSize, "cpu");
    const half = pagedAttention(q, k, v, held, table);
    expect(half.dtype).toBe(dtype);
    const wide = (x: Tensor) => x.to({ dtype: "float32" });
    const exact = { keys: wide(held.keys), values: wide(held.values) };
    const expected = pagedAttention(wide(q), wide(k), wide(v), exact, table);
    expect(difference(wide(half), expected)).toBeLessThan(dtype === "float16" ? 2e-3 : 1e-2);
  });
});

test("scores far apart, equal ones and those that are no numbers", () => {
  tidy(() => {
    const filled = (shape: number[], value: number) => full(shape, value, { dtype: "float32" });
    const held = { keys: filled([32, 1, 16], 0), values: normal(random, [32, 1, 16]) };
    const table = pageTable([{ pages: [0, 1], length: 20 }], pageSize, "cpu");
    const of = (key: number, value: number) =>
      pagedAttention(
        filled([1, 1, 16], 100),
        filled([1, 1, 16], key),
        filled([1, 1, 16], value),
        held,
        table,
      );
    const mean = held.values.narrow(0, 0, 19).sum([0]).div(20);
    const others = held.values.narrow(0, 0, 19).mean([0]).view([1, 16]);
    expect(difference(of(0, 0), mean.view([1, 16]))).toBeLessThan(1e-6);
    expect(difference(of(10, 7), filled([1, 16], 7))).toBe(0);
    expect(difference(of(-10, 1e30), others)).toBeLessThan(1e-5);
    expect(of(Number.NaN, 1).isnan().all().item()).toBe(1);
  });
});

test("what does not fit is refused before anything is written", () => {
  tidy(() => {
    const [one] = cases;
    const { keys, values } = storage(one!);
    const kept = keys.clone();
    const [q, k, v] = fresh(one!, 2);
    const int = (numbers: number[], shape?: number[]) => tensor(Int32Array.from(numbers), shape);
    const pages = int([0, 1, 2, 3], [2, 2]);
    const lengths = int([20, 5]);
    const good = [q, k, v, keys, values, pages, lengths, 16] as const;
    type Arguments = Parameters<typeof call>;
    const bad: [number, unknown][] = [
      [0, q.narrow(0, 0, 1)],
      [0, q.narrow(1, 0, 5)],
      [0, q.to({ dtype: "bfloat16" })],
      [0, q.view([-1])],
      [1, k.narrow(2, 0, 8)],
      [2, v.narrow(1, 0, 1)],
      [3, keys.transpose(0, 1)],
      [3, keys.narrow(2, 0, 32)],
      [4, values.narrow(0, 0, 100)],
      [5, int([0, 1, 2, 200], [2, 2])],
      [5, int([0, -1, 2, 3], [2, 2])],
      [5, int([0, 1], [2, 1])],
      [5, pages.to({ dtype: "int64" })],
      [6, int([20, 0])],
      [6, int([33, 5])],
      [6, int([20])],
      [7, 0],
      [7, -16],
      [7, 1e6],
    ];
    for (const [at, value] of bad) {
      const values = good.map((own, i) => (i === at && at !== 5 ? value : own));
      // The last page of a text is read only where the text reaches it.
      if (at === 5) values.splice(5, 2, value, int([20, 20]));
      expect(() => call(...(values as unknown as Arguments)), `${at} ${value}`).toThrow(
        NativeError,
      );
    }
    for (const option of [{ window: 0 }, { softCap: 0 }, { softCap: -1 }, { alibiSlopes: [1] }]) {
      expect(() => call(...good, option)).toThrow(NativeError);
    }
    expect(difference(keys, kept)).toBe(0);
  });
});
