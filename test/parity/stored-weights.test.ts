/**
 * Products with weights as they are stored, against the float32 values that the Python package gguf and
 * bitsandbytes make of the same bytes.
 */
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSafetensors } from "../../src/format/index.js";
import { quantizeLinear } from "../../src/lora/index.js";
import { denseLinear, parameter, prepareWeights, storedTypes } from "../../src/nn/index.js";
import {
  type DType,
  Generator,
  liveTensors,
  randn,
  storedLinear,
  storedValues,
  type Tensor,
  tensor,
  tidy,
} from "../../src/tensor/index.js";
import { NativeError } from "../../src/util/errors.js";
import { numbers } from "../engine/values.js";
import { expectNoLeak } from "../leak.js";

const fixture = fileURLToPath(new URL("fixtures/format/dequantize.safetensors", import.meta.url));

/** Blocks of random bytes, and their 2,048 values as the package gguf makes them. */
function read(name: string): Uint8Array {
  const file = openSafetensors(fixture);
  const pieces = [...file.chunks(name)].map(({ data }) => data.slice());
  file.close();
  return Buffer.concat(pieces);
}

function sample(seed: number, shape: number[]): Tensor {
  using generator = new Generator(seed);
  return randn(shape, { generator });
}

/** The exact product, and how far float32 sums may be from it. */
function expectProduct(result: Tensor, x: Tensor, weight: Tensor, bias?: Tensor): void {
  tidy(() => {
    const [wideX, wideWeight] = [x, weight].map((one) => one.to({ dtype: "float64" }));
    const exact = wideX!.matmul(wideWeight!.transpose(0, 1));
    const bound = wideX!
      .abs()
      .matmul(wideWeight!.abs().transpose(0, 1))
      .mul(2e-6)
      .add(bias ? 1e-6 : 1e-30);
    const wanted = bias ? exact.add(bias.to({ dtype: "float64" })) : exact;
    const far = result.to({ dtype: "float64" }).sub(wanted).abs().sub(bound).amax().item();
    expect(far).toBeLessThanOrEqual(0);
  });
}

const blockTypes = {
  Q4_0: 32,
  Q4_1: 32,
  Q5_0: 32,
  Q5_1: 32,
  Q8_0: 32,
  Q4_K: 256,
  Q5_K: 256,
  Q6_K: 256,
} as const;

let before = 0;
beforeEach(() => {
  before = liveTensors();
});
afterEach(() => {
  expect(liveTensors()).toBe(before);
});

describe.each(Object.entries(blockTypes))("%s", (name, block) => {
  const type = storedTypes[name as keyof typeof blockTypes];
  const raw = read(`${name}.raw`);
  const values = read(`${name}.values`);

  /** Rows of the fewest whole blocks, and of several. */
  const matrices = () =>
    [block, 256, 512].map((columns) => {
      const rows = 2048 / columns;
      const weight = tensor(raw, [rows, raw.length / rows], "uint8");
      return { columns, rows, weight, dense: tensor(values, [rows, columns], "float32") };
    });

  it("has the values of gguf, bit for bit", () => {
    tidy(() => {
      for (const { weight, columns, dense } of matrices()) {
        expect(storedValues(weight, type, columns).bytes()).toEqual(dense.bytes());
      }
    });
  });

  it("multiplies by them, and a row's result does not depend on the others", () => {
    tidy(() => {
      for (const { weight, columns, rows, dense } of matrices()) {
        const x = sample(columns, [17, columns]);
        const bias = sample(1, [rows]);
        const alone = Array.from({ length: 17 }, (_, i) =>
          numbers(storedLinear(x.narrow(0, i, 1), [weight], [type], bias)),
        );
        for (let count = 1; count <= 17; count++) {
          const some = x.narrow(0, 0, count);
          const result = storedLinear(some, [weight], [type], bias);
          expectProduct(result, some, dense, bias);
          expect(numbers(result)).toEqual(alone.slice(0, count).flat());
        }
      }
    });
  });
});

describe.each(["float32", "bfloat16", "float16"] as DType[])("weights in %s", (dtype) => {
  const type = { float32: 0, bfloat16: 30, float16: 1 }[dtype as "float32"];

  it.each([1, 3, 16, 31, 32, 33, 100, 576])("are multiplied with %i columns", (columns) => {
    tidy(() => {
      for (const rows of [1, 2, 3, 5, 8, 64]) {
        const weight = sample(rows, [rows, columns]).to({ dtype });
        const x = sample(columns, [17, columns]);
        const alone = Array.from({ length: 17 }, (_, i) =>
          numbers(storedLinear(x.narrow(0, i, 1), [weight], [type])),
        );
        for (const count of [1, 2, 3, 4, 5, 8, 9, 12, 16, 17]) {
          const result = storedLinear(x.narrow(0, 0, count), [weight], [type]);
          expectProduct(result, x.narrow(0, 0, count), weight);
          expect(numbers(result)).toEqual(alone.slice(0, count).flat());
        }
      }
    });
  });
});

describe("a stored product", () => {
  const type = storedTypes.F32;

  it("reads parts of larger tensors, and x in any layout or in bfloat16", () => {
    tidy(() => {
      const all = sample(1, [20, 80]);
      const weight = all.narrow(0, 4, 9).narrow(1, 7, 50);
      const x = sample(2, [50, 6]).transpose(0, 1);
      expectProduct(storedLinear(x, [weight], [type]), x, weight);
      const half = x.to({ dtype: "bfloat16" });
      const result = storedLinear(half, [weight], [type]);
      expect(result.dtype).toBe("bfloat16");
      const wide = storedLinear(half.to({ dtype: "float32" }), [weight], [type]);
      expect(numbers(result)).toEqual(numbers(wide.to({ dtype: "bfloat16" })));
    });
  });

  it("puts the outputs of several weights beside each other, with one bias", () => {
    tidy(() => {
      const x = sample(3, [5, 64]);
      const weights = [sample(4, [7, 64]), sample(5, [2, 64]).to({ dtype: "bfloat16" })];
      const bias = sample(6, [9]).to({ dtype: "bfloat16" });
      const result = storedLinear(x, weights, [storedTypes.F32, storedTypes.BF16], bias);
      const parts = [
        storedLinear(x, [weights[0]!], [storedTypes.F32], bias.narrow(0, 0, 7)),
        storedLinear(x, [weights[1]!], [storedTypes.BF16], bias.narrow(0, 7, 2)),
      ];
      expect(numbers(result.narrow(1, 0, 7))).toEqual(numbers(parts[0]!));
      expect(numbers(result.narrow(1, 7, 2))).toEqual(numbers(parts[1]!));
    });
  });

  it("carries what is not a number to the rows and columns that it touches, and to no others", () => {
    tidy(() => {
      const columns = 40;
      const x = sample(7, [3, columns]);
      x.narrow(0, 1, 1).narrow(1, 39, 1).fill_(Number.NaN);
      const weight = sample(8, [6, columns]);
      weight.narrow(0, 5, 1).narrow(1, 2, 1).fill_(Number.POSITIVE_INFINITY);
      const finite = numbers(storedLinear(x, [weight], [type])).map(Number.isFinite);
      const wanted = Array.from({ length: 18 }, (_, i) => Math.floor(i / 6) !== 1 && i % 6 !== 5);
      expect(finite).toEqual(wanted);
    });
  });

  it("is empty for no rows and no outputs, and zero for no columns", () => {
    tidy(() => {
      const weight = sample(1, [4, 8]);
      expect(storedLinear(sample(1, [0, 8]), [weight], [type]).shape).toEqual([0, 4]);
      expect(storedLinear(sample(1, [2, 8]), [weight.narrow(0, 0, 0)], [type]).shape).toEqual([
        2, 0,
      ]);
      const none = storedLinear(sample(1, [2, 0]), [weight.narrow(1, 0, 0)], [type]);
      expect(numbers(none)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    });
  });

  it.each<[string, () => Tensor]>([
    ["an unknown type", () => storedLinear(sample(1, [1, 32]), [sample(1, [2, 32])], [99])],
    ["a type of other bytes", () => storedLinear(sample(1, [1, 32]), [sample(1, [2, 32])], [3])],
    ["rows of another width", () => storedLinear(sample(1, [1, 32]), [sample(1, [2, 31])], [0])],
    [
      "columns that end within a block",
      () => storedLinear(sample(1, [1, 40]), [tensor(new Uint8Array(60), [2, 30])], [3]),
    ],
    ["fewer types than weights", () => storedLinear(sample(1, [1, 32]), [sample(1, [2, 32])], [])],
    [
      "a bias of another length",
      () => storedLinear(sample(1, [1, 32]), [sample(1, [2, 32])], [0], sample(1, [3])),
    ],
    [
      "elements apart",
      () => storedLinear(sample(1, [1, 4]), [sample(1, [4, 6]).transpose(0, 1)], [0]),
    ],
    ["values of no blocks", () => storedValues(sample(1, [2, 32]), 0, 32)],
  ])("refuses %s", (_, call) => {
    tidy(() => {
      expect(call).toThrow(NativeError);
    });
  });

  it("leaves nothing behind", () => {
    expectNoLeak(() => {
      tidy(() => void storedLinear(sample(1, [3, 64]), [sample(2, [5, 64])], [type]));
    });
  });
});

it("multiplies by NF4 weights as bitsandbytes makes them values", () => {
  tidy(() => {
    const parts = [
      { name: "a", start: 0, outFeatures: 5 },
      { name: "b", start: 5, outFeatures: 12 },
    ];
    const dense = denseLinear(parameter("w", sample(3, [17, 192])), null, parts);
    const layer = quantizeLinear(dense, "float32");
    const weights = prepareWeights(Number.POSITIVE_INFINITY, false);
    const { tensors, types } = layer.stored!(weights)!;
    const values = layer.denseWeight("float32");
    const made = tensors.map((one) => storedValues(one, storedTypes.NF4, 192));
    expect(made.flatMap(numbers)).toEqual(numbers(values));
    const x = sample(9, [16, 192]);
    const all = storedLinear(x, tensors, types);
    expectProduct(all, x, values);
    for (let i = 0; i < 16; i++) {
      const one = storedLinear(x.narrow(0, i, 1), tensors, types);
      expect(numbers(one)).toEqual(numbers(all.narrow(0, i, 1)));
    }
    weights.dispose();
  });
});
