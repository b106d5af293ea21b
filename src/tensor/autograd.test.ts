/** Gradients, grad mode, and functions with a backward pass of their own. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal, numbers } from "../../test/engine/values.js";
import { preloadLibrary } from "../../test/unit/preload.js";
import { ArgumentError, NativeError, UseAfterFreeError } from "../util/errors.js";
import {
  customGradient,
  enableGrad,
  grad,
  noGrad,
  ones,
  type Tensor,
  tensor,
  tidy,
} from "./index.js";

const random = seededRandom(2);
const leaf = (...values: number[]) => tensor(values).requiresGrad_();

/** x² with a gradient of its own. */
function square(x: Tensor): Tensor {
  const [y] = customGradient(
    [x],
    () => ({ outputs: [x.mul(x)], saved: null }),
    ([gradient]) => [x.mul(2).mul(gradient!)],
  );
  return y!;
}

describe("grad", () => {
  test("gives derivatives of sums of outputs", () => {
    const x = leaf(1, 2, 3);
    const y = leaf(4, 5, 6);
    const [byX, byY] = grad([x.mul(y).sum(null), x.sum(null)], [x, y]);
    expect(numbers(byX!)).toEqual([5, 6, 7]);
    expect(numbers(byY!)).toEqual([1, 2, 3]);
    expect(byX!.requiresGrad).toBe(false);
  });

  test("agrees with finite differences through a chain of operators", () => {
    const w = normal(random, [3, 4]).to({ dtype: "float64" });
    const loss = (x: Tensor) => x.matmul(w).sigmoid().logSoftmax(-1).select(1, 0).sum(null);
    const x = normal(random, [2, 3]).to({ dtype: "float64" });
    const recorded = x.clone().requiresGrad_();
    const [gradient] = grad([loss(recorded)], [recorded]);
    const step = 1e-5;
    const expected = numbers(x).map((_, i) => {
      const moved = (by: number) => {
        const values = numbers(x);
        values[i]! += by;
        return loss(tensor(values, [2, 3], "float64")).item();
      };
      return (moved(step) - moved(-step)) / (2 * step);
    });
    expect(difference(gradient!, tensor(expected, [2, 3], "float64"))).toBeLessThan(1e-8);
  });

  test("takes gradients of the outputs", () => {
    const x = leaf(1, 2, 3);
    const [gradient] = grad([x.mul(x)], [x], { gradOutputs: [tensor([1, 10, 100])] });
    expect(numbers(gradient!)).toEqual([2, 40, 600]);
    expect(() => grad([x.mul(x)], [x])).toThrow(/grad.*scalar outputs/);
    expect(() => grad([x.mul(x)], [x], { gradOutputs: [tensor([1])] })).toThrow(
      "gradOutputs[0] does not have the shape",
    );
    expect(() => grad([x.mul(x)], [x], { gradOutputs: [] })).toThrow(NativeError);
  });

  test("inputs without influence are an error, or null where allowed", () => {
    const x = leaf(1);
    const other = leaf(1);
    expect(() => grad([x.mul(2).sum(null)], [other])).toThrow(NativeError);
    const [used, unused] = grad([x.mul(2).sum(null)], [x, other], { allowUnused: true });
    expect(used?.item()).toBe(2);
    expect(unused).toBeNull();
  });

  test("a graph serves once, or again where it is retained", () => {
    const x = leaf(3);
    const once = x.mul(x).sum(null);
    grad([once], [x]);
    expect(() => grad([once], [x])).toThrow(/retain_graph/);
    const kept = x.mul(x).sum(null);
    grad([kept], [x], { retainGraph: true });
    expect(grad([kept], [x])[0]!.item()).toBe(6);
  });

  test("second derivatives", () => {
    const x = leaf(2);
    const [first] = grad([x.pow(3).sum(null)], [x], { createGraph: true });
    expect(first!.item()).toBe(12);
    expect(grad([first!.sum(null)], [x])[0]!.item()).toBe(12);
  });

  test("refuses lists that are none, and names what is wrong in them", () => {
    const x = leaf(1);
    expect(() => grad([], [x])).toThrow("grad: expected `outputs` to be at least one Tensor");
    expect(() => grad(x as never, [x])).toThrow(ArgumentError);
    expect(() => grad([x], [7 as never])).toThrow(
      "grad: expected `inputs[0]` to be a Tensor, got number 7",
    );
    expect(() => grad([x], [x], null as never)).toThrow(ArgumentError);
    expect(() => tensor([1], [1], "int64").requiresGrad_()).toThrow(NativeError);
  });
});

describe("grad mode", () => {
  test("noGrad and enableGrad nest", () => {
    const x = leaf(1);
    expect(x.mul(2).requiresGrad).toBe(true);
    noGrad(() => {
      expect(x.mul(2).requiresGrad).toBe(false);
      enableGrad(() => expect(x.mul(2).requiresGrad).toBe(true));
      expect(x.mul(2).requiresGrad).toBe(false);
    });
    expect(x.mul(2).requiresGrad).toBe(true);
  });

  test("refuses asynchronous functions, which would run in the mode of their caller", () => {
    expect(() => noGrad(async () => {})).toThrow("noGrad: the function must not be asynchronous");
    expect(() => enableGrad(async () => {})).toThrow("enableGrad: the function must not be");
    expect(leaf(1).mul(2).requiresGrad).toBe(true);
  });

  test("is what it was after an exception", () => {
    const x = leaf(1);
    const fails = () => {
      throw new Error("stop");
    };
    expect(() => noGrad(fails)).toThrow("stop");
    expect(x.mul(2).requiresGrad).toBe(true);
    expect(() => customGradient([x], fails, () => [])).toThrow("stop");
    expect(x.mul(2).requiresGrad).toBe(true);
    noGrad(() => {
      expect(() => enableGrad(fails)).toThrow("stop");
      expect(x.mul(2).requiresGrad).toBe(false);
    });
  });
});

describe.each([
  ["on the caller's thread", false],
  ["on another thread, as for devices", true],
])("customGradient, driven %s", (_, onOtherThread) => {
  test("uses the given backward pass, inside a longer graph", () => {
    const x = leaf(1, 2, 3);
    const y = square(x.mul(3)).sum(null);
    expect(y.item()).toBe(9 + 36 + 81);
    expect(numbers(grad([y], [x], { onOtherThread })[0]!)).toEqual([18, 36, 54]);
  });

  test("several outputs and inputs, null for gradients that none or nobody wants", () => {
    const x = leaf(1, 2);
    const y = leaf(3, 4);
    const seen: (number[] | null)[][] = [];
    const run = () =>
      customGradient(
        [x, y],
        () => ({ outputs: [x.add(y), x.sub(y)], saved: "saved" }),
        (gradients, saved) => {
          expect(saved).toBe("saved");
          seen.push(gradients.map((gradient) => gradient && numbers(gradient)));
          return [gradients[0] ?? null, null];
        },
      );
    const [sum] = run();
    const options = { onOtherThread, allowUnused: true } as const;
    expect(grad([sum!.sum(null)], [x, y], options).map((g) => g && numbers(g))).toEqual([
      [1, 1],
      null,
    ]);
    const [, both] = run();
    const scale = { ...options, gradOutputs: [tensor([5, 6])] };
    expect(grad([both!], [x, y], scale)).toEqual([null, null]);
    expect(seen).toEqual([
      [[1, 1], null],
      [null, [5, 6]],
    ]);
  });

  test("outputs that are views", () => {
    const x = leaf(1, 2, 3, 4);
    const [y] = customGradient(
      [x],
      () => ({ outputs: [x.mul(2).view([2, 2]).transpose(0, 1)], saved: null }),
      ([gradient]) => [gradient!.transpose(0, 1).reshape([4]).mul(2)],
    );
    expect(y!.requiresGrad).toBe(true);
    expect(numbers(y!)).toEqual([2, 6, 4, 8]);
    const gradOutputs = [tensor([1, 2, 3, 4], [2, 2])];
    expect(numbers(grad([y!], [x], { gradOutputs, onOtherThread })[0]!)).toEqual([2, 6, 4, 8]);
  });

  test("what backward throws reaches the caller as the same object, and later passes work", () => {
    const x = leaf(1);
    for (const thrown of [new Error("mine"), "a string", { odd: true }, undefined]) {
      const [y] = customGradient(
        [x],
        () => ({ outputs: [x.mul(2)], saved: null }),
        () => {
          throw thrown;
        },
      );
      let caught: unknown = "nothing";
      try {
        grad([y!.sum(null)], [x], { onOtherThread });
      } catch (error) {
        caught = error;
      }
      expect(caught).toBe(thrown);
    }
    expect(x.mul(2).requiresGrad).toBe(true);
    expect(grad([square(x).sum(null)], [x], { onOtherThread })[0]!.item()).toBe(2);
  });

  test("a backward pass that returns nonsense is refused", () => {
    const x = leaf(1, 2);
    const run = (result: unknown) => {
      const [y] = customGradient(
        [x],
        () => ({ outputs: [x.mul(2)], saved: null }),
        () => result as never,
      );
      return grad([y!.sum(null)], [x], { onOtherThread, allowUnused: true });
    };
    for (const result of [undefined, 5, [], [null, null], [5], ["x"], {}]) {
      expect(() => run(result)).toThrow(ArgumentError);
    }
    const disposed = tensor([1]);
    disposed.dispose();
    expect(() => run([disposed])).toThrow(UseAfterFreeError);
    expect(() => run([tensor([1, 2, 3])])).toThrow(/invalid gradient/);
    expect(run([null])).toEqual([null]);
  });

  test("a returned gradient that belongs to someone else stays alive", () => {
    const x = leaf(1);
    const constant = tensor([7]);
    const [y] = tidy(() =>
      customGradient(
        [x],
        () => ({ outputs: [x.mul(2)], saved: null }),
        () => [constant],
      ),
    );
    expect(grad([y!.sum(null)], [x], { onOtherThread })[0]!.item()).toBe(7);
    expect(constant.item()).toBe(7);
  });
});

describe("customGradient", () => {
  test("allows gradients inside its backward pass", () => {
    const x = leaf(2);
    const [y] = customGradient(
      [x],
      () => ({ outputs: [x.pow(3)], saved: null }),
      ([gradient]) =>
        enableGrad(() => {
          const again = x.detach().requiresGrad_();
          return grad([square(again).mul(again)], [again], { gradOutputs: [gradient!] });
        }),
    );
    expect(grad([y!.sum(null)], [x])[0]!.item()).toBe(12);
  });

  test("stays out of the graph where nothing asks for gradients", () => {
    expect(square(tensor([1])).requiresGrad).toBe(false);
    noGrad(() => expect(square(leaf(1)).requiresGrad).toBe(false));
  });

  test("refuses second derivatives instead of giving wrong ones", () => {
    const x = leaf(2);
    expect(() => grad([square(x).sum(null)], [x], { createGraph: true })).toThrow(/createGraph/);
  });

  test("refuses an output that is an input, an integer, or recorded already", () => {
    const x = leaf(1);
    const y = ones([1]);
    const run = (output: () => Tensor) => () =>
      customGradient(
        [x, y],
        () => ({ outputs: [output()], saved: null }),
        () => [null, null],
      );
    expect(run(() => y)).toThrow(/one of the inputs/);
    expect(run(() => x)).toThrow(/one of the inputs/);
    expect(run(() => tensor([1], [1], "int64"))).toThrow(/floating dtype/);
    expect(run(() => enableGrad(() => x.mul(2)))).toThrow(/already takes part/);
    expect(run(() => 5 as never)).toThrow("customGradient: expected `outputs[0]` to be a Tensor");
    expect(y.requiresGrad).toBe(false);
  });
});

test("a pass that needs a thread and gets none is an error, and the next one works", () => {
  const library = preloadLibrary(`
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <pthread.h>
    #include <stdlib.h>
    typedef int (*Start)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
      if (getenv("NO_THREADS")) return EAGAIN;
      return ((Start)dlsym(RTLD_NEXT, "pthread_create"))(thread, attributes, run, argument);
    }`);
  const program = fileURLToPath(new URL("../../test/engine/noThreads.ts", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", program], {
    encoding: "utf8",
    env: { ...process.env, LD_PRELOAD: library, OMP_NUM_THREADS: "1" },
  });
  expect({ stdout, stderr }).toEqual({ stdout: "6 NativeError NativeError 6 6", stderr: "" });
});
