/** Weight-decomposed adapters on a stack: values and gradients of the written formula, with dropout. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal } from "../../test/engine/values.js";
import {
  backward,
  createRecord,
  denseLinear,
  dropValues,
  keyedDropout,
  type Linear,
  parameter,
  prepareWeights,
  recordedInput,
  stackParts,
  tensorOf,
} from "../nn/index.js";
import {
  cat,
  type DType,
  grad,
  linalgVectorNorm,
  linear,
  type Tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import { hashKey } from "../util/hash.js";
import { adaptLinear } from "./adapter.js";
import type { Adapter } from "./lowRank.js";
import { quantizeLinear } from "./nf4Linear.js";

const random = seededRandom(31);
const [inFeatures, n, p, position] = [64, 7, 0.3, 1];
const parts = stackParts([
  { name: "q", outFeatures: 64 },
  { name: "k", outFeatures: 128 },
  { name: "v", outFeatures: 64 },
]);
const outFeatures = 256;

/** Decomposed adapters on q and v of a stack with a bias, which is trained too. */
function example(onQuantized: boolean) {
  const bias = { ...parameter("q+k+v.bias", normal(random, [outFeatures])), trainable: true };
  const weight = parameter("q+k+v.weight", normal(random, [outFeatures, inFeatures]));
  const dense = denseLinear(weight, bias, parts);
  const base: Linear = onQuantized ? quantizeLinear(dense, "float32") : dense;
  const adapters = [0, 2].map((i, at): Adapter => {
    const part = parts[i]!;
    const own = (name: string, shape: number[]) => {
      const values = normal(random, shape);
      return { ...parameter(`${part.name}.${name}`, values), trainable: true };
    };
    return {
      part,
      scale: 0.5 + at,
      strength: { value: 1 },
      a: own("lora_A.weight", [2 + at, inFeatures]),
      b: own("lora_B.weight", [part.outFeatures, 2 + at]),
      magnitude: own("lora_magnitude_vector", [part.outFeatures]),
      bias: null,
      dropout: p,
    };
  });
  return { base, adapters, layer: adaptLinear(base, adapters, position) };
}

/** PEFT's formula with libtorch's operators: what is dropped still goes through the weight alone. */
function written(
  x: Tensor,
  { base, adapters }: ReturnType<typeof example>,
  mask: Tensor | null,
  leaf: (name: string, tensor: Tensor) => Tensor,
): Tensor {
  const weight = base.denseWeight("float32");
  const bias = leaf(base.bias!.name, base.bias!.tensor);
  const columns = parts.map((part) => {
    const rows = (of: Tensor) => of.narrow(0, part.start, part.outFeatures);
    const plain = linear(x, rows(weight), rows(bias));
    const adapter = adapters.find((one) => one.part === part);
    if (!adapter) return plain;
    const { scale } = adapter;
    const [a, b, m] = [adapter.a, adapter.b, adapter.magnitude!].map((one) =>
      leaf(one.name, one.tensor),
    );
    const dropped = mask ? x.mul(mask) : x;
    const lengths = linalgVectorNorm(
      rows(weight).add(b!.matmul(a!), { alpha: scale }),
      2,
      [1],
    ).detach();
    const gain = m!.div(lengths);
    const low = linear(linear(dropped, a!, null), b!, null).mul(scale);
    return plain.add(linear(dropped, rows(weight), null).mul(gain.sub(1))).add(low.mul(gain));
  });
  return cat(columns, 1);
}

const relative = (a: Tensor, b: Tensor) =>
  difference(a.to({ dtype: "float32" }), b) / difference(b, b.zerosLike());

describe("weight-decomposed adapters", () => {
  const cases = [false, true].flatMap((onQuantized) =>
    [null, 77].map((key) => ({ onQuantized, key })),
  );

  test.each(cases)(
    "values and gradients: on 4-bit weights $onQuantized, dropout key $key",
    ({ onQuantized, key }) => {
      tidy(() => {
        const one = example(onQuantized);
        const [x, byOutput] = [normal(random, [n, inFeatures]), normal(random, [n, outFeatures])];
        const ones = zeros([n, inFeatures]).add(1);
        const mask = key === null ? null : keyedDropout(ones, p, hashKey(key + position, 1));
        const leaves = new Map<string, Tensor>();
        const input = x.clone().requiresGrad_();
        const expected = written(input, one, mask, (name, tensor) => {
          const leaf = leaves.get(name) ?? tensor.clone().requiresGrad_();
          leaves.set(name, leaf);
          return leaf;
        });
        const gradients = grad([expected], [input, ...leaves.values()], {
          gradOutputs: [byOutput],
        });
        const run = (dtype: DType, budget: number) => {
          const sums = new Map([...leaves].map(([name, leaf]) => [name, zeros([...leaf.shape])]));
          const record = createRecord(sums);
          const group = { index: 1, dtype, weights: prepareWeights(0, true), dropoutKey: key };
          const value = recordedInput(record, x.to({ dtype }), dtype, true);
          const output = one.layer.apply(value, group);
          const result = tensorOf(output).clone();
          dropValues(record, dtype, { bytes: budget });
          backward(record, output, byOutput.to({ dtype, copy: true }));
          return { result, byInput: value.gradient!, sums };
        };
        for (const [dtype, most] of [
          ["float32", 3e-6],
          ["bfloat16", 0.03],
        ] as const) {
          for (const budget of [0, Number.POSITIVE_INFINITY]) {
            const { result, byInput, sums } = run(dtype, budget);
            expect(relative(result, expected.detach())).toBeLessThan(most);
            expect(relative(byInput, gradients[0]!)).toBeLessThan(most);
            [...leaves.keys()].forEach((name, i) => {
              expect(relative(sums.get(name)!, gradients[i + 1]!), name).toBeLessThan(most);
            });
          }
        }
      });
    },
  );
});
