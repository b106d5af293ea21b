/** RMSNorm in every type against transformers' norms: values and both gradients. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  backward,
  createRecord,
  parameter,
  recordedInput,
  rmsNorm,
  tensorOf,
} from "../../src/nn/index.js";
import { type Tensor, tensor, tidy, zeros } from "../../src/tensor/index.js";
import { type FixtureBytes, fixture, fixtureRaw } from "./fixtures.js";
import { largest, roundings, ulps, worstDifference } from "./tolerance.js";

const styles = { llama: {}, olmo2: { roundsOnce: true }, gemma2: { roundsOnce: true, offset: 1 } };

interface Case {
  name: string;
  norm: keyof typeof styles;
  dtype: "float32" | "bfloat16" | "float16";
  epsilon: number;
  shape: number[];
}

const { cases } = JSON.parse(readFileSync(fixture("norm/cases.json"), "utf8")) as { cases: Case[] };
const stored = fixtureRaw("norm/tensors.safetensors");

const make = ({ bytes, shape, dtype }: FixtureBytes) => tensor(bytes, shape, dtype);
const values = (one: Tensor) =>
  new Float32Array(one.to({ dtype: "float32" }).contiguous().bytes().slice().buffer);

function run({ name, norm, epsilon, shape }: Case) {
  return tidy(() => {
    const given = (key: string) => make(stored.get(`${name}.${key}`)!);
    const weight = { ...parameter("norm.weight", given("weight")), trainable: true };
    const byWeight = zeros([shape.at(-1)!]);
    const record = createRecord(new Map([[weight.name, byWeight]]));
    const x = given("input");
    const input = recordedInput(record, x, x.dtype, true);
    const result = rmsNorm(input, weight, epsilon, styles[norm]);
    const output = values(tensorOf(result));
    backward(record, result, given("gradient"));
    expect(input.gradient!.dtype).toBe(x.dtype);
    return { output, byInput: values(input.gradient!), byWeight: values(byWeight) };
  });
}

/** Float32 sums over a row of up to 48 elements; statistics appear up to the third power. */
const float32Units = roundings(3 * 48);

describe("RMSNorm equals transformers'", () => {
  it.each(cases)("$name", (one) => {
    const { name, dtype, shape } = one;
    const ours = run(one);
    const theirs = (key: string) => tidy(() => values(make(stored.get(`${name}.${key}`)!)));
    const [x, kept, gradient, output] = ["input", "weight", "gradient", "output"].map(theirs);
    const weight = kept!.map((value) => value + (one.norm === "gemma2" ? 1 : 0));
    const dim = shape.at(-1)!;

    /** Computed in float32 and rounded once: the neighbor at most, where float32 sums differ. */
    const expectRoundedOnce = (actual: Float32Array, key: string, terms: Float32Array) => {
      const error = ulps(float32Units, "float32", largest(terms));
      theirs(key).forEach((value, i) => {
        const most = error + (dtype === "float32" ? 0 : ulps(1, dtype, value));
        expect(Math.abs(actual[i]! - value), `${key} ${i}`).toBeLessThanOrEqual(most);
      });
    };
    expectRoundedOnce(ours.output, "output", output!);
    // What cancels: gradient * weight / norm, where output = input * weight / norm.
    const parts = gradient!.map((value, i) => (value * output![i]!) / x![i]!);
    expectRoundedOnce(ours.byInput, "by_input", parts);

    // transformers rounds normalized values and products, and we only the sum over rows.
    const products = gradient!.map((value, i) => (value * output![i]!) / weight[i % dim]!);
    const units = roundings((2 * products.length) / dim) + 1;
    const error = ulps(units, dtype, largest(products));
    const most = error + ulps(float32Units, "float32", largest(products));
    expect(worstDifference(ours.byWeight, theirs("by_weight"))).toBeLessThanOrEqual(most);
  });
});
