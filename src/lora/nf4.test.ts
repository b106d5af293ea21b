import { expect, it } from "vitest";
import { Generator, randn, tensor, tidy } from "../tensor/index.js";
import { quantizeByOperators, quantizeInOnePass } from "./nf4.js";

const vectors: Record<string, () => Float32Array> = {
  "not a number, in a whole block and in the rest": () =>
    block(130, { 3: Number.NaN, 129: Number.NaN }),
  infinities: () => block(128, { 0: Number.POSITIVE_INFINITY, 70: Number.NEGATIVE_INFINITY }),
  zeros: () => new Float32Array(100),
  "numbers too small for an inverse": () => block(64, {}).map((x) => x * 1e-40),
  "one value": () => Float32Array.of(-3),
  "an odd rest": () => block(64 * 5 + 7, {}),
};

function block(length: number, odd: Record<number, number>): Float32Array {
  return Float32Array.from({ length }, (_, i) => odd[i] ?? Math.sin(i * 1.7) * (i % 9));
}

it.each(Object.entries(vectors))("one pass gives what the operators give: %s", (_, make) => {
  tidy(() => {
    const flat = tensor(make());
    const [ours, theirs] = [quantizeInOnePass(flat), quantizeByOperators(flat)];
    expect(ours.packed.bytes()).toEqual(theirs.packed.bytes());
    expect(ours.absmax.bytes()).toEqual(theirs.absmax.bytes());
  });
});

it.each(["float32", "bfloat16", "float16"] as const)("also for a large vector in %s", (dtype) => {
  tidy(() => {
    const flat = randn([300_001], { generator: new Generator(5) }).to({ dtype });
    const [ours, theirs] = [quantizeInOnePass(flat), quantizeByOperators(flat)];
    expect(ours.packed.bytes()).toEqual(theirs.packed.bytes());
    expect(ours.absmax.bytes()).toEqual(theirs.absmax.bytes());
  });
});
