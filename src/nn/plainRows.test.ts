/** Steps in one call against the chains of operators that training takes, and against double precision. */
import { expect, it } from "vitest";
import { numbers } from "../../test/engine/values.js";
import {
  Generator,
  randn,
  rmsNormRows,
  rotateRows,
  swigluRows,
  type Tensor,
  tidy,
} from "../tensor/index.js";
import { swiglu } from "./gated.js";
import { rmsNorm } from "./norm.js";
import { parameter } from "./parameter.js";
import { constant, createRecord, recordedInput, tensorOf, type Value } from "./record.js";
import { type RotaryPairs, rotary, rotaryTable } from "./rope.js";

function sample(seed: number, shape: number[]): Tensor {
  using generator = new Generator(seed);
  return randn(shape, { generator });
}

/** The largest difference between the step without a record and with one, and of rows alone. */
function expectSame(x: Tensor, step: (value: Value) => Value): void {
  const plain = numbers(tensorOf(step(constant(x, true))));
  const recorded = recordedInput(createRecord(new Map()), x, "float32", false);
  const other = numbers(tensorOf(step(recorded)));
  for (const [i, value] of plain.entries()) {
    expect(Math.abs(value - other[i]!)).toBeLessThanOrEqual(4e-7 * Math.abs(value) + 2e-7);
  }
}

it.each([1, 3, 16, 31, 64, 576])("norms rows of %i", (width) => {
  tidy(() => {
    const weight = parameter("norm", sample(2, [width]));
    for (const rows of [1, 2, 17, 300]) {
      expectSame(sample(rows, [rows, width]), (x) => rmsNorm(x, weight, 1e-5));
      expectSame(sample(rows, [rows, width]), (x) => rmsNorm(x, weight, 1e-6, { offset: 1 }));
    }
    // Heads of a stacked projection, each by itself and all at once.
    const heads = sample(5, [4, 5 * width])
      .view([4, 5, width])
      .narrow(1, 1, 3);
    expectSame(heads, (x) => rmsNorm(x, weight, 1e-5));
    const all = parameter("norm", sample(3, [3 * width]));
    expectSame(heads, (x) => rmsNorm(x, all, 1e-5, { roundsOnce: true }));
  });
});

it.each<[RotaryPairs, number, number]>([
  ["halves", 1, 64],
  ["neighbours", 1, 64],
  ["halves", 0.5, 80],
  ["neighbours", 0.5, 16],
])("rotates %s of %d of a head of %i", (pairs, share, headDim) => {
  tidy(() => {
    const parameters = {
      rope_theta: 10000,
      head_dim: headDim,
      partial_rotary_factor: share,
      max_position_embeddings: 512,
      rope_scaling: null,
    };
    const { cos, sin } = rotaryTable(parameters, 512, 512, "float32", "cpu");
    for (const rows of [1, 9, 200]) {
      const table = { cos: cos.narrow(0, 7, rows), sin: sin.narrow(0, 7, rows) };
      const mixed = sample(rows, [rows, 6 * headDim]).view([rows, 6, headDim]);
      expectSame(mixed.narrow(1, 2, 3), (x) => rotary(x, table, pairs));
      expectSame(mixed.transpose(1, 2).contiguous().transpose(1, 2), (x) =>
        rotary(x, table, pairs),
      );
    }
  });
});

it.each([1, 7, 64, 1536])("gates rows of %i", (width) => {
  tidy(() => {
    for (const rows of [1, 5, 100]) {
      expectSame(sample(rows, [rows, 2 * width]).mul(4), swiglu);
    }
  });
});

it("gates like exact arithmetic from the least to the largest gate", () => {
  tidy(() => {
    const gates = Array.from({ length: 801 }, (_, i) => (i - 400) / 4);
    const x = sample(1, [1, 2 * 801]);
    x.narrow(1, 801, 801).fill_(1);
    gates.forEach((gate, i) => void x.narrow(1, i, 1).fill_(gate));
    const exact = gates.map((gate) => gate / (1 + Math.exp(-gate)));
    for (const [i, value] of numbers(swigluRows(x)).entries()) {
      expect(Math.abs(value - exact[i]!)).toBeLessThan(3e-7 * Math.abs(exact[i]!) + 1e-35);
    }
  });
});

it("gives each row what it gets alone, and lets what is not a number stay in its row", () => {
  tidy(() => {
    const weight = sample(2, [96]);
    const steps: [Tensor, (x: Tensor) => Tensor][] = [
      [sample(3, [20, 96]), (x) => rmsNormRows(x, weight, 1e-5)],
      [sample(3, [20, 96]), swigluRows],
    ];
    for (const [x, step] of steps) {
      const all = step(x);
      for (let i = 0; i < 20; i++) {
        expect(numbers(step(x.narrow(0, i, 1)))).toEqual(numbers(all.narrow(0, i, 1)));
      }
      x.narrow(0, 4, 1).fill_(Number.NaN);
      const finite = numbers(step(x).sum([1])).map(Number.isFinite);
      expect(finite).toEqual(Array.from({ length: 20 }, (_, i) => i !== 4));
    }
  });
});

it("refuses what does not fit", () => {
  tidy(() => {
    expect(() => rmsNormRows(sample(1, [2, 8]), sample(1, [7]), 1e-5)).toThrow("width of x");
    expect(() => rmsNormRows(sample(1, [8]), sample(1, [8]), 1e-5)).toThrow("2 dimensions");
    expect(() => swigluRows(sample(1, [2, 7]))).toThrow("one width");
    const [x, table] = [sample(1, [2, 3, 8]), sample(1, [2, 1, 5])];
    expect(() => rotateRows(x, table, table)).toThrow("as wide as what is rotated");
    expect(() => rotateRows(x, table.narrow(0, 0, 1), table)).toThrow("for each row of x");
  });
});
