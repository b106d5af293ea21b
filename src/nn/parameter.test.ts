/** Weights in the data type of the computation: what stays, what passes, what is counted. */
import { describe, expect, test } from "vitest";
import { liveTensors, ones, type Tensor, tidy } from "../tensor/index.js";
import { parameter, prepareWeights } from "./index.js";

/** 64 elements: 128 bytes in bfloat16. */
const weightOf = (name: string, trainable = false) => ({
  ...parameter(name, ones([64])),
  trainable,
});
const bytes = 128;

describe("prepareWeights", () => {
  test("a weight of the type asked for is handed out itself, and never freed", () => {
    tidy(() => {
      const weights = prepareWeights(1000, true);
      const one = weightOf("a");
      expect(weights.cast(one, "float32")).toBe(one.tensor);
      weights.close();
      weights.dispose();
      expect(one.tensor.disposed).toBe(false);
      expect(weights.passingBytes).toBe(0);
    });
  });

  test("frozen weights stay while memory is left for them, the others pass", () => {
    tidy(() => {
      const weights = prepareWeights(2 * bytes, true);
      const all = ["a", "b", "c"].map((name) => weightOf(name));
      const cast = () => all.map((one) => weights.cast(one, "bfloat16"));
      const first = cast();
      expect(first.map(({ dtype }) => dtype)).toEqual(["bfloat16", "bfloat16", "bfloat16"]);
      // Within one branch nothing is made twice.
      for (const [i, again] of cast().entries()) expect(again).toBe(first[i]);
      expect(weights.passingBytes).toBe(bytes);
      weights.close();
      expect(first.map(({ disposed }) => disposed)).toEqual([false, false, true]);
      const second = cast();
      expect(second.map((one, i) => one === first[i])).toEqual([true, true, false]);
      expect(weights.passingBytes).toBe(2 * bytes);
      weights.dispose();
      expect([...first, ...second].every(({ disposed }) => disposed)).toBe(true);
      // The memory is there again.
      const third = cast();
      weights.close();
      expect(third.map(({ disposed }) => disposed)).toEqual([false, false, true]);
      weights.dispose();
    });
  });

  test("a small weight may stay where a large one did not fit", () => {
    tidy(() => {
      const weights = prepareWeights(bytes, true);
      const large = parameter("large", ones([65]));
      const made = [large, weightOf("small")].map((one) => weights.cast(one, "bfloat16"));
      weights.close();
      expect(made.map(({ disposed }) => disposed)).toEqual([true, false]);
      weights.dispose();
    });
  });

  test("trained weights are cast for each branch while training, and stay otherwise", () => {
    tidy(() => {
      for (const isTraining of [true, false]) {
        const weights = prepareWeights(1000, isTraining);
        const trained = weightOf("a", true);
        const before = weights.cast(trained, "bfloat16");
        weights.close();
        expect(before.disposed).toBe(isTraining);
        trained.tensor.add_(1);
        const after = weights.cast(trained, "bfloat16");
        expect(after.sum(null).item()).toBe(isTraining ? 128 : 64);
        weights.dispose();
      }
    });
  });

  test("types of one weight are made and counted each by itself", () => {
    tidy(() => {
      const weights = prepareWeights(bytes, true);
      const one = weightOf("a");
      const [half, wide] = [weights.cast(one, "bfloat16"), weights.cast(one, "float64")];
      expect([half.dtype, wide.dtype]).toEqual(["bfloat16", "float64"]);
      expect(weights.passingBytes).toBe(64 * 8);
      weights.close();
      expect([half.disposed, wide.disposed]).toEqual([false, true]);
      weights.dispose();
    });
  });

  test("what is made by a function is made once for its owner, and what it left behind is freed", () => {
    const weights = prepareWeights(1000, true);
    const [owner, other] = [{}, {}];
    let calls = 0;
    const before = liveTensors();
    const make = (of: object, frozen: boolean) =>
      tidy((): void => {
        weights.make(of, "float32", frozen, (): Tensor => {
          calls++;
          return ones([8]).mul(2).add(1);
        });
      });
    make(owner, true);
    make(owner, true);
    make(other, false);
    make(other, false);
    expect(calls).toBe(2);
    // They outlive the tidy around them; those in between do not.
    expect(liveTensors() - before).toBe(2);
    weights.close();
    expect(liveTensors() - before).toBe(1);
    make(other, false);
    make(owner, true);
    expect(calls).toBe(3);
    expect(weights.passingBytes).toBe(2 * 8 * 4);
    weights.dispose();
    expect(liveTensors()).toBe(before);
  });

  test("a function that throws leaves nothing", () => {
    const weights = prepareWeights(1000, true);
    const before = liveTensors();
    const stop = (): Tensor => {
      ones([8]).mul(2);
      throw new Error("stop");
    };
    expect(() => weights.make({}, "float32", true, stop)).toThrow("stop");
    weights.dispose();
    expect(liveTensors()).toBe(before);
  });

  test("close and dispose may be called twice", () => {
    tidy(() => {
      const weights = prepareWeights(0, false);
      weights.cast(weightOf("a"), "bfloat16");
      weights.close();
      weights.close();
      weights.dispose();
      weights.dispose();
      expect(weights.passingBytes).toBe(bytes);
    });
  });
});
