/** Rotary positions against their definition, and the tables that they are read from. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal, numbers } from "../../test/engine/values.js";
import { cat, type DType, grad, liveTensors, type Tensor, tensor, tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import {
  backward,
  constant,
  createRecord,
  dropValues,
  type RopeParameters,
  type RotaryTable,
  recordedInput,
  ropeFrequencies,
  rotary,
  rotaryTable,
  rotaryTables,
  rotationRegime,
  tensorOf,
} from "./index.js";

const random = seededRandom(16);

const parametersOf = (
  partial: number,
  scaling: RopeParameters["rope_scaling"] = null,
): RopeParameters => ({
  rope_theta: 10000,
  head_dim: 8,
  partial_rotary_factor: partial,
  max_position_embeddings: 64,
  rope_scaling: scaling,
});

/** Rows of the table for tokens at these positions. */
function tableAt(positions: readonly number[], partial = 1, dtype: DType = "float32"): RotaryTable {
  const { cos, sin } = rotaryTable(parametersOf(partial), 64, 64, dtype, "cpu");
  const rows = tensor(Int32Array.from(positions));
  return { cos: cos.indexSelect(0, rows), sin: sin.indexSelect(0, rows) };
}

const rotated = (x: Tensor, table: RotaryTable) => tensorOf(rotary(constant(x), table));

/** The definition with libtorch's operators. */
function written(x: Tensor, { cos, sin }: RotaryTable): Tensor {
  const half = cos.size(-1);
  const [first, second] = [x.narrow(-1, 0, half), x.narrow(-1, half, half)];
  const rest = x.narrow(-1, 2 * half, x.size(-1) - 2 * half);
  return cat([first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin)), rest], -1);
}

function gradientOf(x: Tensor, table: RotaryTable, byOutput: Tensor): Tensor {
  const record = createRecord(new Map());
  const input = recordedInput(record, x, x.dtype, true);
  const output = rotary(input, table);
  dropValues(record, x.dtype, { bytes: 0 });
  backward(record, output, byOutput.clone());
  return input.gradient!;
}

describe("rotary", () => {
  test.each([1, 0.5])(
    "rotates pairs (i, i + half) by position · θ^(-2i / d), factor %d",
    (partial) => {
      tidy(() => {
        const x = normal(random, [5, 3, 8]);
        const positions = [0, 1, 2, 0, 63];
        const actual = rotated(x, tableAt(positions, partial));
        const values = numbers(x);
        const half = (8 * partial) / 2;
        const expected = values.map((value, at) => {
          const i = at % 8;
          if (i >= 2 * half) return value;
          const angle = positions[Math.floor(at / 24)]! * 10000 ** (-(2 * (i % half)) / (2 * half));
          const partner = i < half ? -values[at + half]! : values[at - half]!;
          return value * Math.cos(angle) + partner * Math.sin(angle);
        });
        expect(difference(actual, tensor(expected, [5, 3, 8]))).toBeLessThan(1e-5);
      });
    },
  );

  test.each([1, 0.5])("its gradient is that of the definition, factor %d", (partial) => {
    tidy(() => {
      const table = tableAt([5, 6, 7, 0, 1, 2], partial);
      const leaf = normal(random, [6, 4, 8]).requiresGrad_();
      const byOutput = normal(random, [6, 4, 8]);
      const [expected] = grad([written(leaf, table)], [leaf], { gradOutputs: [byOutput] });
      const actual = gradientOf(leaf.detach(), table, byOutput);
      expect(difference(actual, expected!)).toBeLessThan(1e-6);
    });
  });

  test("takes heads that are part of a projection", () => {
    tidy(() => {
      const table = tableAt([3, 4]);
      const mixed = normal(random, [2, 5, 8]);
      const part = mixed.narrow(1, 1, 3);
      expect(difference(rotated(part, table), rotated(part.contiguous(), table))).toBe(0);
      expect(difference(mixed.narrow(1, 1, 3), part)).toBe(0);
    });
  });

  test("of neighbours is that of halves with the dimensions in another order", () => {
    tidy(() => {
      const table = tableAt([0, 5, 63], 0.5);
      const x = normal(random, [3, 2, 8]);
      // Dimensions 0, 2 and 1, 3 are the halves of the first four.
      const order = tensor(Int32Array.of(0, 2, 1, 3, 4, 5, 6, 7));
      const ordered = x.indexSelect(-1, order);
      const halves = rotated(ordered, table).indexSelect(-1, order);
      const neighbours = tensorOf(rotary(constant(x), table, "neighbours"));
      expect(difference(neighbours, halves)).toBe(0);

      const byOutput = normal(random, [3, 2, 8]);
      const record = createRecord(new Map());
      const input = recordedInput(record, x, x.dtype, true);
      backward(record, rotary(input, table, "neighbours"), byOutput.clone());
      const expected = gradientOf(ordered, table, byOutput.indexSelect(-1, order));
      expect(difference(input.gradient!, expected.indexSelect(-1, order))).toBe(0);
    });
  });

  test("keeps lengths, and scores depend on distances only", () => {
    tidy(() => {
      const [q, k] = [normal(random, [1, 1, 8]), normal(random, [1, 1, 8])];
      const at = (x: Tensor, position: number) => rotated(x, tableAt([position]));
      const score = (a: number, b: number) => at(q, a).mul(at(k, b)).sum(null).item();
      expect(score(3, 1)).toBeCloseTo(score(42, 40), 4);
      expect(score(3, 1)).not.toBeCloseTo(score(3, 2), 3);
      expect(at(q, 17).pow(2).sum(null).item()).toBeCloseTo(q.pow(2).sum(null).item(), 4);
    });
  });

  test("a wider table rotates in its type, and the result is rounded once", () => {
    tidy(() => {
      const positions = [0, 1, 20, 63];
      const x = normal(random, [4, 2, 8]).to({ dtype: "bfloat16" });
      const wide = x.to({ dtype: "float32" });
      for (const partial of [1, 0.5]) {
        const table = tableAt(positions, partial);
        const actual = rotated(x, table);
        expect(actual.dtype).toBe("bfloat16");
        const exact = rotated(wide, table);
        expect(difference(actual, exact.to({ dtype: "bfloat16" }))).toBe(0);
        const byOutput = normal(random, [4, 2, 8]).to({ dtype: "bfloat16" });
        const gradient = gradientOf(x, table, byOutput);
        const expected = gradientOf(wide, table, byOutput.to({ dtype: "float32" }));
        expect(difference(gradient, expected.to({ dtype: "bfloat16" }))).toBe(0);
        // A table in bfloat16 rounds more often.
        const narrow = rotated(x, tableAt(positions, partial, "bfloat16"));
        expect(narrow.dtype).toBe("bfloat16");
        expect(difference(narrow, actual)).toBeGreaterThan(0);
        expect(difference(narrow, actual)).toBeLessThan(0.05);
      }
    });
  });
});

describe("rotaryTables", () => {
  const sameRows = (a: RotaryTable, b: RotaryTable, count: number) =>
    Math.max(
      difference(a.cos.narrow(0, 0, count), b.cos.narrow(0, 0, count)),
      difference(a.sin.narrow(0, 0, count), b.sin.narrow(0, 0, count)),
    );

  test("makes a table once, and a longer one when it must", () => {
    tidy(() => {
      const tables = rotaryTables(parametersOf(1), "cpu");
      const first = tables.upTo(10, "float32");
      const rows = first.cos.size(0);
      expect(rows).toBeGreaterThanOrEqual(1024);
      expect(first.cos.shape).toEqual([rows, 1, 4]);
      expect(first.sin.shape).toEqual([rows, 1, 4]);
      expect(tables.upTo(rows, "float32")).toBe(first);
      const copy = { cos: first.cos.clone(), sin: first.sin.clone() };
      const longer = tables.upTo(rows + 1, "float32");
      expect(longer.cos.size(0)).toBeGreaterThan(rows);
      expect([first.cos.disposed, first.sin.disposed]).toEqual([true, true]);
      expect(sameRows(longer, copy, rows)).toBe(0);
      expect(tables.upTo(5, "float32")).toBe(longer);
      tables.dispose();
      expect([longer.cos.disposed, longer.sin.disposed]).toEqual([true, true]);
    });
  });

  test("a table for each type, rounded once from float32", () => {
    tidy(() => {
      const tables = rotaryTables(parametersOf(1), "cpu");
      const [wide, half] = [tables.upTo(10, "float32"), tables.upTo(10, "bfloat16")];
      expect([wide.cos.dtype, half.cos.dtype]).toEqual(["float32", "bfloat16"]);
      expect(difference(half.cos, wide.cos.to({ dtype: "bfloat16" }))).toBe(0);
      expect(difference(half.sin, wide.sin.to({ dtype: "bfloat16" }))).toBe(0);
      expect(tables.upTo(10, "float32")).toBe(wide);
      tables.dispose();
    });
  });

  test("with dynamic scaling a length has the rotations of its own, whatever came before", () => {
    tidy(() => {
      const parameters = parametersOf(1, { rope_type: "dynamic", factor: 2 });
      const tables = rotaryTables(parameters, "cpu");
      // Positions up to 64 were trained; longer texts stretch.
      for (const length of [100, 200, 64, 100, 10, 100]) {
        const table = tables.upTo(length, "float32");
        const alone = rotaryTable(parameters, length, length, "float32", "cpu");
        expect(table.cos.size(0)).toBeGreaterThanOrEqual(length);
        expect(sameRows(table, alone, length), `length ${length}`).toBe(0);
      }
      const [short, long] = [100, 200].map((length) =>
        rotaryTable(parameters, 100, length, "float32", "cpu"),
      );
      expect(sameRows(short!, long!, 100)).toBeGreaterThan(0.1);
      const plain = rotaryTable(parametersOf(1), 64, 64, "float32", "cpu");
      expect(sameRows(tables.upTo(64, "float32"), plain, 64)).toBe(0);
      tables.dispose();
    });
  });

  test("keeps one table of each type alive, outside of any tidy, and frees them", () => {
    const before = liveTensors();
    const tables = rotaryTables(parametersOf(1), "cpu");
    tidy(() => void tables.upTo(10, "float32"));
    expect(liveTensors() - before).toBe(2);
    tidy(() => void tables.upTo(5000, "float32"));
    expect(liveTensors() - before).toBe(2);
    tidy(() => void tables.upTo(10, "bfloat16"));
    expect(liveTensors() - before).toBe(4);
    tables.dispose();
    tables.dispose();
    expect(liveTensors()).toBe(before);
  });

  test("YaRN's factor is on both cos and sin", () => {
    tidy(() => {
      const scaling = { rope_type: "yarn", factor: 4, attention_factor: 1.5 };
      const { cos, sin } = rotaryTable(parametersOf(1, scaling), 20, 20, "float32", "cpu");
      const squares = cos.pow(2).add(sin.pow(2));
      expect(difference(squares, squares.zerosLike().add(1.5 ** 2))).toBeLessThan(1e-5);
    });
  });

  test("an unknown type of scaling is refused by name", () => {
    const parameters = parametersOf(1, { rope_type: "ntk" });
    expect(() => ropeFrequencies(parameters, 10)).toThrow(ConfigError);
    expect(() => ropeFrequencies(parameters, 10)).toThrow('"ntk" is not supported');
  });
});

describe("longrope", () => {
  const scaling = {
    rope_type: "longrope",
    original_max_position_embeddings: 16,
    short_factor: [1, 1, 2, 2],
    long_factor: [1, 4, 8, 16],
  };

  test("divides each frequency, by other numbers for texts beyond the trained length", () => {
    const parameters = parametersOf(1, scaling);
    const plain = ropeFrequencies(parametersOf(1), 10).inverse;
    for (const [length, divisors] of [
      [16, scaling.short_factor],
      [17, scaling.long_factor],
    ] as const) {
      const { inverse, attention } = ropeFrequencies(parameters, length);
      inverse.forEach((frequency, i) => {
        expect(frequency).toBeCloseTo(plain[i]! / divisors[i]!, 7);
      });
      // Stretched from 16 positions to 64.
      expect(attention).toBeCloseTo(Math.sqrt(1 + Math.log(4) / Math.log(16)), 12);
    }
    expect([16, 17, 64].map((length) => rotationRegime(parameters, length))).toEqual([0, 1, 1]);
  });

  test("keeps the tables of both kinds of texts", () => {
    const before = liveTensors();
    const tables = rotaryTables(parametersOf(1, scaling), "cpu");
    const short = tables.upTo(10, "float32");
    const long = tables.upTo(40, "float32");
    expect(tables.upTo(16, "float32")).toBe(short);
    expect(tables.upTo(64, "float32")).toBe(long);
    tidy(() => expect(difference(short.cos, long.cos)).toBeGreaterThan(0.1));
    tables.dispose();
    expect(liveTensors()).toBe(before);
  });

  test("with another number of divisors than the heads rotate is refused", () => {
    expect(() => ropeFrequencies(parametersOf(0.5, scaling), 20)).toThrow(
      "long_factor has 4 numbers, the heads rotate 2 pairs",
    );
  });
});
