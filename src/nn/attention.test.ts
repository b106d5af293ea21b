/** Causal attention against softmax written out, values and gradients. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal } from "../../test/engine/values.js";
import {
  arange,
  cat,
  full,
  grad,
  liveTensors,
  type Tensor,
  tensor,
  tidy,
} from "../tensor/index.js";
import {
  type AttentionOptions,
  alibiSlopes,
  backward,
  cachedAttention,
  causalAttention,
  constant,
  createRecord,
  dropValues,
  recordedInput,
  type SequenceLengths,
  splitHeads,
  tensorOf,
} from "./index.js";

type Inputs = readonly [Tensor, Tensor, Tensor];

const random = seededRandom(3);
const headDim = 8;
const make = (n: number, heads: number) => normal(random, [n, heads, headDim]);
const makeAll = (n: number, heads: number, keyHeads: number): Inputs => [
  make(n, heads),
  make(n, keyHeads),
  make(n, keyHeads),
];

/**
 * The definition for one sequence, of which the queries are the newest: every key head repeated for
 * its group, all scores at once, the linear bias by distance.
 */
function plain([q, k, v]: Inputs, options: AttentionOptions = {}): Tensor {
  const [m = 0, heads = 0, size = 0] = q.shape;
  const [n = 0] = k.shape;
  const { dtype } = q;
  const { scale = 1 / Math.sqrt(size), window = n, softCap, alibiSlopes: slopes } = options;
  const perHead = (x: Tensor) => x.repeatInterleave(heads / x.size(1), 1).transpose(0, 1);
  let scores = perHead(q).matmul(perHead(k).transpose(1, 2)).mul(scale); // [heads, m, n]
  if (softCap !== undefined) scores = scores.div(softCap).tanh().mul(softCap);
  const positions = arange(0, n, 1, { dtype });
  const distances = positions.view([1, n]).sub(positions.narrow(0, n - m, m).view([m, 1]));
  if (slopes) {
    scores = scores.add(
      tensor([...slopes], [heads, 1, 1])
        .to({ dtype })
        .mul(distances),
    );
  }
  const minus = full([m, n], Number.NEGATIVE_INFINITY, { dtype });
  const mask = minus.triu(n - m + 1).add(minus.tril(n - m - window));
  return scores.add(mask).softmax(-1).matmul(perHead(v)).transpose(0, 1).reshape([m, -1]);
}

function packed(lengths: readonly number[]): SequenceLengths & { total: number } {
  const ends = lengths.map((_, i) =>
    lengths.slice(0, i + 1).reduce((sum, length) => sum + length, 0),
  );
  const cuSeqlens = tensor(Int32Array.from([0, ...ends]));
  return { lengths, longest: Math.max(...lengths), cuSeqlens, total: ends.at(-1)! };
}

/** The definition for each sequence of a packed row. */
function plainPacked(inputs: Inputs, lengths: readonly number[], options?: AttentionOptions) {
  let start = 0;
  const parts = lengths.map((length) => {
    const rows = (x: Tensor) => x.narrow(0, start, length);
    const part = plain([rows(inputs[0]), rows(inputs[1]), rows(inputs[2])], options);
    start += length;
    return part;
  });
  return cat(parts, 0);
}

/** Without a record. */
function attention(inputs: Inputs, lengths: readonly number[], options?: AttentionOptions): Tensor {
  const [q, k, v] = inputs.map((one) => constant(one));
  return tensorOf(causalAttention(q!, k!, v!, packed(lengths), options));
}

/** With a record: the output, and its gradients by q, k and v. */
function played(
  inputs: Inputs,
  lengths: readonly number[],
  byOutput: Tensor,
  options?: AttentionOptions,
  bytes = Number.POSITIVE_INFINITY,
) {
  const record = createRecord(new Map());
  const values = inputs.map((x) => recordedInput(record, x, x.dtype, true));
  const output = causalAttention(values[0]!, values[1]!, values[2]!, packed(lengths), options);
  const result = tensorOf(output).clone();
  dropValues(record, result.dtype, { bytes });
  backward(record, output, byOutput.clone());
  return { result, gradients: values.map(({ gradient }) => gradient!) };
}

/** Length of the difference by the length of what was expected. */
const distance = (a: Tensor, b: Tensor) => {
  const wide = (x: Tensor) => x.to({ dtype: "float64" });
  const length = (x: Tensor) => x.linalgVectorNorm().item();
  return length(wide(a).sub(wide(b))) / length(wide(b));
};

/** Values and gradients of a packed row against the definition and its gradients by libtorch. */
function compare(
  inputs: Inputs,
  lengths: readonly number[],
  options: AttentionOptions | undefined,
  tolerance: number,
): void {
  const leaves = inputs.map((x) => x.clone().requiresGrad_());
  const [q, k, v] = leaves;
  const expected = plainPacked([q!, k!, v!], lengths, options);
  const byOutput = normal(random, expected.shape);
  const gradients = grad([expected], leaves, { gradOutputs: [byOutput] });
  for (const bytes of [0, Number.POSITIVE_INFINITY]) {
    const actual = played(inputs, lengths, byOutput, options, bytes);
    expect(actual.result.shape).toEqual(expected.shape);
    expect(distance(actual.result, expected.detach())).toBeLessThan(tolerance);
    actual.gradients.forEach((gradient, i) => {
      const length = gradients[i]!.linalgVectorNorm().item();
      const name = `gradient by ${"qkv"[i]}`;
      // A token that sees itself alone gives query and key no gradient, but for rounding.
      if (length < 1e-5) expect(difference(gradient, gradients[i]!), name).toBeLessThan(1e-5);
      else expect(distance(gradient, gradients[i]!), name).toBeLessThan(2 * tolerance);
    });
  }
}

const rows: number[][] = [[1], [1, 1], [2], [255], [5, 1, 9, 64], [256, 257, 3], [600, 7]];
const heads: [number, number][] = [
  [4, 4],
  [6, 2],
  [3, 1],
];

describe("causalAttention", () => {
  const cases = rows.flatMap((lengths) => heads.map(([q, kv]) => ({ lengths, q, kv })));

  test.each(cases)("$lengths tokens, $q query heads on $kv", ({ lengths, q, kv }) => {
    tidy(() => compare(makeAll(packed(lengths).total, q, kv), lengths, undefined, 2e-6));
  });

  const options: [string, AttentionOptions][] = [
    ["scale", { scale: 0.7 }],
    ["window of 1", { window: 1 }],
    ["window of 5", { window: 5 }],
    ["window as long as the row", { window: 1000 }],
    ["soft cap", { softCap: 2 }],
    ["ALiBi", { alibiSlopes: alibiSlopes(6) }],
    ["ALiBi, window", { alibiSlopes: alibiSlopes(6), window: 9 }],
    ["scale, window, soft cap", { scale: 0.7, window: 9, softCap: 3 }],
    ["all of them", { scale: 0.7, window: 9, softCap: 3, alibiSlopes: alibiSlopes(6) }],
  ];

  test.each(options)("%s", (_, option) => {
    tidy(() => {
      for (const lengths of [[1, 40, 7], [300]]) {
        compare(makeAll(packed(lengths).total, 6, 2), lengths, option, 3e-6);
      }
    });
  });

  test("a window of one token sees the value of that token alone", () => {
    tidy(() => {
      const inputs = makeAll(20, 4, 4);
      const expected = inputs[2].reshape([20, -1]);
      expect(difference(attention(inputs, [8, 12], { window: 1 }), expected)).toBe(0);
    });
  });

  test.each([5, 40])("ALiBi with %i heads, each with a key of its own or in groups", (count) => {
    tidy(() => {
      const slopes = alibiSlopes(count);
      for (const keyHeads of [count, count / 5]) {
        compare(makeAll(50, count, keyHeads), [20, 1, 29], { alibiSlopes: slopes }, 3e-6);
      }
      // The order of slopes within groups matters.
      const inputs = makeAll(50, count, count / 5);
      const turned = plainPacked(inputs, [50], { alibiSlopes: slopes.toReversed() });
      const actual = attention(inputs, [50], { alibiSlopes: slopes });
      expect(distance(turned, actual)).toBeGreaterThan(0.01);
    });
  });

  test("long ALiBi: the error is that of scores of the size of slope times length", () => {
    tidy(() => {
      const n = 1500;
      const inputs = makeAll(n, 40, 40).map((x) => x.narrow(1, 0, 4)) as unknown as Inputs;
      const slopes = alibiSlopes(40).slice(0, 4); // the steepest of 40: 0.84, 0.71, 0.59, 0.5
      const actual = attention(inputs, [n], { alibiSlopes: slopes });
      const wide = inputs.map((x) => x.to({ dtype: "float64" })) as unknown as Inputs;
      const expected = plain(wide, { alibiSlopes: slopes });
      // A bias from the last key reaches 0.84 · 1500 = 1260, whose float32 neighbours are 2^-13
      // apart. Product and sum are off by half of that each, so scores by 2^-13, probabilities by
      // 2^-13 of themselves before normalization and 2^-12 after it, and the output by that part of
      // the largest value, which is below 5.
      expect(difference(actual.to({ dtype: "float64" }), expected)).toBeLessThan(5 * 2 ** -12);
      // On average, roundings cancel: a fiftieth of it.
      expect(distance(actual, expected)).toBeLessThan(2 ** -14);
    });
  });

  test.each<[string, AttentionOptions]>([
    ["plain", {}],
    ["soft cap", { softCap: 3 }],
    ["ALiBi", { alibiSlopes: alibiSlopes(4) }],
    ["window", { window: 30 }],
  ])("sequences of a row know nothing of each other: %s", (_, option) => {
    tidy(() => {
      const lengths = [70, 1, 90];
      const inputs = makeAll(161, 4, 2);
      const byOutput = normal(random, [161, 32]);
      const before = played(inputs, lengths, byOutput, option);
      const others = inputs.map((x) => x.clone());
      const otherGradient = byOutput.clone();
      for (const x of [...others, otherGradient]) x.narrow(0, 70, 1).add_(3);
      const after = played(others as unknown as Inputs, lengths, otherGradient, option);
      const all = (one: typeof before) => [one.result, ...one.gradients];
      all(before).forEach((x, i) => {
        const other = all(after)[i]!;
        for (const [start, length] of [
          [0, 70],
          [71, 90],
        ] as const) {
          expect(difference(x.narrow(0, start, length), other.narrow(0, start, length))).toBe(0);
        }
      });
      expect(difference(before.result, after.result)).toBeGreaterThan(1);
    });
  });

  test.each<[string, AttentionOptions]>([
    ["plain", {}],
    ["soft cap", { softCap: 3 }],
    ["ALiBi", { alibiSlopes: alibiSlopes(2) }],
  ])("a token does not see those after it, across block borders either: %s", (_, option) => {
    tidy(() => {
      const [q, k, v] = makeAll(520, 2, 1);
      const before = attention([q, k, v], [520], option);
      for (const changed of [1, 255, 256, 257, 511, 519]) {
        const [otherK, otherV] = [k.clone(), v.clone()];
        otherK.narrow(0, changed, 520 - changed).add_(3);
        otherV.narrow(0, changed, 520 - changed).add_(3);
        const after = attention([q, otherK, otherV], [520], option);
        const seen = (x: Tensor) => x.narrow(0, 0, changed);
        expect(difference(seen(after), seen(before)), `token ${changed}`).toBe(0);
      }
    });
  });

  test("takes inputs that are parts of one tensor, as stacked projections give them", () => {
    tidy(() => {
      const mixed = normal(random, [300, 5 * headDim]);
      const leaf = mixed.clone().requiresGrad_();
      const split = leaf.view([300, 5, headDim]);
      const expected = plainPacked(
        [split.narrow(1, 0, 3), split.narrow(1, 3, 1), split.narrow(1, 4, 1)],
        [120, 180],
      );
      const byOutput = normal(random, expected.shape);
      const [byMixed] = grad([expected], [leaf], { gradOutputs: [byOutput] });
      for (const option of [{}, { softCap: 1e4 }]) {
        const record = createRecord(new Map());
        const input = recordedInput(record, mixed, "float32", true);
        const [q, k, v] = splitHeads(input, [3, 1, 1], headDim);
        const output = causalAttention(q!, k!, v!, packed([120, 180]), option);
        expect(difference(tensorOf(output), expected)).toBeLessThan(1e-5);
        dropValues(record, "float32", { bytes: 0 });
        backward(record, output, byOutput.clone());
        expect(distance(input.gradient!, byMixed!)).toBeLessThan(1e-5);
      }
    });
  });

  test("takes a gradient that is not contiguous", () => {
    tidy(() => {
      const inputs = makeAll(30, 4, 2);
      const byOutput = normal(random, [30, 32]);
      const turned = byOutput.transpose(0, 1).contiguous().transpose(0, 1);
      for (const option of [{}, { softCap: 3 }]) {
        const [one, other] = [byOutput, turned].map((x) => played(inputs, [10, 20], x, option));
        one!.gradients.forEach((gradient, i) => {
          expect(difference(gradient, other!.gradients[i]!)).toBe(0);
        });
      }
    });
  });

  test("large scores neither overflow nor lose the mask", () => {
    tidy(() => {
      const inputs = [make(300, 2).mul(100), make(300, 2).mul(100), make(300, 2)] as const;
      const actual = attention(inputs, [300]);
      expect(difference(actual, plain(inputs))).toBeLessThan(1e-4);
    });
  });

  const halves: [string, AttentionOptions][] = [
    ["plain", {}],
    ["window", { window: 50 }],
    ["soft cap", { softCap: 3 }],
    ["ALiBi", { alibiSlopes: alibiSlopes(4) }],
    ["ALiBi and soft cap", { alibiSlopes: alibiSlopes(4), softCap: 3 }],
  ];

  test.each(halves)("in bfloat16 stays within its rounding of float32: %s", (_, option) => {
    tidy(() => {
      const lengths = [200, 57];
      const inputs = makeAll(257, 4, 2).map((x) => x.to({ dtype: "bfloat16" }));
      const wide = inputs.map((x) => x.to({ dtype: "float32" }).requiresGrad_());
      const expected = plainPacked(wide as unknown as Inputs, lengths, option);
      const byOutput = normal(random, [257, 32]).to({ dtype: "bfloat16" });
      const gradients = grad([expected], wide, {
        gradOutputs: [byOutput.to({ dtype: "float32" })],
      });
      const actual = played(inputs as unknown as Inputs, lengths, byOutput, option);
      expect(actual.result.dtype).toBe("bfloat16");
      // A handful of roundings of relative size up to 2^-8.
      expect(distance(actual.result, expected.detach())).toBeLessThan(0.01);
      actual.gradients.forEach((gradient, i) => {
        expect(gradient.dtype).toBe("bfloat16");
        expect(distance(gradient, gradients[i]!), `gradient by ${"qkv"[i]}`).toBeLessThan(0.02);
      });
    });
  });

  test("kept in bfloat16, its log-sum-exps stay exact", () => {
    tidy(() => {
      const inputs = makeAll(100, 4, 2);
      const byOutput = normal(random, [100, 32]);
      const exact = played(inputs, [100], byOutput);
      const record = createRecord(new Map());
      const values = inputs.map((x) => recordedInput(record, x, "float32", true));
      const output = causalAttention(values[0]!, values[1]!, values[2]!, packed([100]));
      const { notes } = dropValues(record, "bfloat16", { bytes: 1e6 });
      expect(notes.map(({ dtype }) => dtype)).toEqual(["bfloat16", "float32"]);
      backward(record, output, byOutput.clone());
      values.forEach(({ gradient }, i) => {
        // The output alone is rounded; log-sum-exps of 5 in bfloat16 would be off by 1 percent.
        expect(distance(gradient!, exact.gradients[i]!)).toBeLessThan(0.003);
      });
    });
  });

  test.each<[string, AttentionOptions]>([
    ["plain", {}],
    ["soft cap", { softCap: 3 }],
    ["ALiBi", { alibiSlopes: alibiSlopes(2) }],
  ])("keeps nothing alive but what it returns: %s", (_, option) => {
    tidy(() => {
      const inputs = makeAll(600, 2, 1);
      const byOutput = normal(random, [600, 16]);
      const before = liveTensors();
      const { gradients } = tidy(() => played(inputs, [200, 400], byOutput, option));
      expect(liveTensors() - before).toBe(4);
      expect(gradients.length).toBe(3);
    });
  });
});

describe("cachedAttention", () => {
  const options: [string, AttentionOptions][] = [
    ["plain", {}],
    ["scale and window", { scale: 0.7, window: 20 }],
    ["soft cap", { softCap: 2 }],
    ["ALiBi", { alibiSlopes: alibiSlopes(6) }],
    ["all of them", { scale: 0.7, window: 20, softCap: 2, alibiSlopes: alibiSlopes(6) }],
  ];
  const counts = [
    [1, 1],
    [1, 300],
    [5, 300],
    [299, 300],
    [300, 300],
  ] as const;
  const cases = options.flatMap(([name, option]) =>
    counts.map(([m, n]) => ({ m, n, name, option })),
  );

  test.each(cases)("the newest $m of $n tokens, $name", ({ m, n, option }) => {
    tidy(() => {
      const [q, k, v] = makeAll(n, 6, 2);
      const newest = cachedAttention(q.narrow(0, n - m, m), k, v, option);
      expect(newest.shape).toEqual([m, 48]);
      const expected = plain([q.narrow(0, n - m, m), k, v], option);
      // Linear biases reach 0.5 · 300 = 150, whose neighbours are 2^-16 apart.
      expect(difference(newest, expected)).toBeLessThan(option.alibiSlopes ? 5e-5 : 3e-6);
      const all = attention([q, k, v], [n], option).narrow(0, n - m, m);
      expect(difference(newest, all)).toBeLessThan(option.alibiSlopes ? 5e-5 : 3e-6);
    });
  });

  test("gives the same when keys and values are views into a larger cache", () => {
    tidy(() => {
      const [q, k, v] = [make(2, 4), make(64, 2), make(64, 2)];
      const parts = [k.narrow(0, 0, 40), v.narrow(0, 0, 40)] as const;
      expect(difference(cachedAttention(q, ...parts), plain([q, ...parts]))).toBeLessThan(2e-6);
      // As a cache of [heads, tokens, size] gives them.
      const turned = parts.map((x) => x.transpose(0, 1).contiguous().transpose(0, 1));
      const other = cachedAttention(q, turned[0]!, turned[1]!);
      expect(difference(other, plain([q, ...parts]))).toBeLessThan(2e-6);
    });
  });

  const halves = (["bfloat16", "float16"] as const).flatMap((dtype) =>
    [1, 200, 399, 400].flatMap((m) =>
      options.map(([name, option]) => ({ dtype, m, name, option })),
    ),
  );

  test.each(halves)("$dtype, the newest $m of 400, $name", ({ dtype, m, option }) => {
    tidy(() => {
      const [q, k, v] = makeAll(400, 6, 2).map((x) => x.to({ dtype }));
      const newest = [q!.narrow(0, 400 - m, m), k!, v!] as const;
      const wide = newest.map((x) => x.to({ dtype: "float32" })) as unknown as Inputs;
      const actual = cachedAttention(...newest, option);
      expect(actual.dtype).toBe(dtype);
      // Scores of up to 5 are rounded once or twice, by half of 2^-5 each in bfloat16.
      const bound = dtype === "bfloat16" ? 0.02 : 0.0025;
      expect(distance(actual, plain(wide, option))).toBeLessThan(bound);
    });
  });
});

describe("alibiSlopes", () => {
  test("of powers of two and of what lies between, as the paper gives them", () => {
    expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i));
    expect(alibiSlopes(4)).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8]);
    expect(alibiSlopes(1)).toEqual([2 ** -8]);
    // Five heads: those of four, then the first of eight.
    expect(alibiSlopes(5)).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8, 2 ** -1]);
    const forty = alibiSlopes(40);
    expect(forty.length).toBe(40);
    forty.slice(0, 32).forEach((slope, i) => {
      expect(slope).toBeCloseTo(2 ** (-(i + 1) / 4), 6);
    });
    forty.slice(32).forEach((slope, i) => {
      expect(slope).toBeCloseTo(2 ** (-(2 * i + 1) / 8), 6);
    });
  });
});
