/** Values that record themselves: what is kept, what is computed again, what arrives. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal, numbers } from "../../test/engine/values.js";
import {
  type DType,
  grad,
  liveTensors,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "../tensor/index.js";
import { TunewrightError } from "../util/errors.js";
import {
  addGradient,
  backward,
  constant,
  createRecord,
  dropValues,
  gradientOf,
  type OperationRecord,
  operate,
  recordedInput,
  tensorOf,
  type Value,
} from "./index.js";

const random = seededRandom(11);
const none = new Map<string, Tensor>();

/** How often each operation was computed and played back. */
type Counts = Record<string, { forward: number; back: number }>;

type Cost = "dear" | "cheap";

/** Operations that count. */
function counted(counts: Counts) {
  const count = (name: string) => (counts[name] ??= { forward: 0, back: 0 });
  return {
    /** x², whose backward pass reads x. */
    square: (name: string, cost: Cost, x: Value) =>
      operate({
        inputs: [x],
        cost,
        compute() {
          count(name).forward++;
          return [tensorOf(x).mul(tensorOf(x))];
        },
        reads: [x],
        backward([gradient]) {
          count(name).back++;
          addGradient(x, gradient!.mul(tensorOf(x)).mul_(2));
        },
      })[0]!,
    /** eˣ, whose backward pass reads the result. */
    exp: (name: string, cost: Cost, x: Value) =>
      operate({
        inputs: [x],
        cost,
        compute() {
          count(name).forward++;
          return [tensorOf(x).exp()];
        },
        readsResults: [0],
        backward([gradient], [result]) {
          count(name).back++;
          addGradient(x, gradient!.mul(tensorOf(result!)));
        },
      })[0]!,
    /** 2x, whose backward pass reads nothing. */
    double: (name: string, cost: Cost, x: Value) =>
      operate({
        inputs: [x],
        cost,
        compute() {
          count(name).forward++;
          return [tensorOf(x).mul(2)];
        },
        backward([gradient]) {
          count(name).back++;
          addGradient(x, gradient!.mul(2));
        },
      })[0]!,
    /** x + y, whose backward pass reads nothing. */
    sum: (name: string, x: Value, y: Value) =>
      operate({
        inputs: [x, y],
        cost: "cheap",
        compute() {
          count(name).forward++;
          return [tensorOf(x).add(tensorOf(y))];
        },
        backward([gradient]) {
          count(name).back++;
          addGradient(x, gradient!.clone());
          addGradient(y, gradient!.clone());
        },
      })[0]!,
  };
}

type Operations = ReturnType<typeof counted>;

interface PlayOptions {
  budget?: number;
  /** Data type of what is kept. */
  noteType?: DType;
}

/** Forward and backward of a computation of one input. Call within `tidy`. */
function play(
  x: Tensor,
  compute: (operations: Operations, x: Value) => Value,
  { budget = Number.POSITIVE_INFINITY, noteType = "float32" }: PlayOptions = {},
) {
  const counts: Counts = {};
  const record = createRecord(none);
  const input = recordedInput(record, x, "float32", true);
  const { output, values, notes, left } = tidy(() => {
    const output = compute(counted(counts), input);
    const values = tensorOf(output).clone();
    const keepBudget = { bytes: budget };
    const { notes } = dropValues(record, noteType, keepBudget);
    return { output, values, notes, left: keepBudget.bytes };
  });
  tidy(() => {
    backward(record, output, values.onesLike());
    return input.gradient;
  });
  return { values, gradient: input.gradient!, counts, notes, left };
}

/** The gradient of the sum of `compute(x)` by libtorch. */
function reference(x: Tensor, compute: (x: Tensor) => Tensor): Tensor {
  const leaf = x.detach().clone().requiresGrad_();
  return grad([compute(leaf).sum(null)], [leaf])[0]!;
}

const forwards = (counts: Counts) =>
  Object.fromEntries(Object.entries(counts).map(([name, { forward }]) => [name, forward]));

describe("what is computed again", () => {
  const chain = ({ square, double }: Operations, x: Value) =>
    double("last", "dear", square("b", "dear", square("a", "dear", x)));

  test("with a budget nothing dear; the last product, which nobody reads, is not kept either", () => {
    tidy(() => {
      const { counts, notes } = play(normal(random, [6]), chain);
      expect(forwards(counts)).toEqual({ a: 1, b: 1, last: 1 });
      expect(notes.length).toBe(1); // a, which b reads
    });
  });

  test("without a budget what is read, once, and neither the last product nor what it alone reads", () => {
    tidy(() => {
      const { counts, notes } = play(normal(random, [6]), chain, { budget: 0 });
      expect(forwards(counts)).toEqual({ a: 2, b: 1, last: 1 });
      expect(notes.length).toBe(0);
    });
  });

  test("a cheap value of a dear one that is kept: once, however many read it", () => {
    tidy(() => {
      const x = normal(random, [6]);
      const { counts, notes, gradient } = play(x, ({ double, square, sum }, input) => {
        const cheap = square("cheap", "cheap", double("dear", "dear", input));
        return sum("sum", square("first", "dear", cheap), square("second", "dear", cheap));
      });
      expect(forwards(counts)).toEqual({ dear: 1, cheap: 2, first: 1, second: 1, sum: 1 });
      expect(notes.length).toBe(1); // dear
      const expected = reference(x, (leaf) => leaf.mul(2).pow(2).pow(2).mul(2));
      expect(difference(gradient, expected)).toBeLessThan(1e-3);
    });
  });

  test("a cheap value of a dear one that nobody reads is kept itself", () => {
    tidy(() => {
      const { counts, notes } = play(normal(random, [6]), ({ double, square }, x) =>
        square("reader", "dear", double("cheap", "cheap", double("dear", "dear", x))),
      );
      expect(forwards(counts)).toEqual({ dear: 1, cheap: 1, reader: 1 });
      expect(notes.length).toBe(1);
    });
  });

  test("a cheap value of a recorded input is computed again", () => {
    tidy(() => {
      const { counts, notes } = play(normal(random, [6]), ({ double, square }, x) =>
        square("reader", "dear", double("cheap", "cheap", x)),
      );
      expect(forwards(counts)).toEqual({ cheap: 2, reader: 1 });
      expect(notes.length).toBe(0);
    });
  });

  test("of several results those that are read are kept, and one calculation serves all", () => {
    tidy(() => {
      let computed = 0;
      const x = normal(random, [6]);
      const both = (budget: number) => {
        computed = 0;
        const { notes, gradient } = play(
          x,
          (_, input) =>
            operate({
              inputs: [input],
              cost: "dear",
              compute() {
                computed++;
                const sine = tensorOf(input).sin();
                return [sine, tensorOf(input).cos(), tensorOf(input).mul(3)];
              },
              readsResults: [0, 1],
              backward([byResult], [sine, cosine]) {
                expect(difference(tensorOf(sine!), x.sin())).toBe(0);
                addGradient(input, byResult!.mul(tensorOf(cosine!)));
              },
            })[0]!,
          { budget },
        );
        expect(difference(gradient, x.cos())).toBe(0);
        return [computed, notes.length];
      };
      expect(both(Number.POSITIVE_INFINITY)).toEqual([1, 2]);
      expect(both(0)).toEqual([2, 0]);
    });
  });
});

describe("budget", () => {
  const compute = ({ square, exp, double, sum }: Operations, x: Value) => {
    const a = square("a", "dear", double("d", "cheap", x));
    const e = exp("e", "dear", double("f", "cheap", a));
    return double("last", "dear", sum("s", square("g", "cheap", a), e));
  };
  const written = (x: Tensor) => {
    const a = x.mul(2).pow(2);
    return a.pow(2).add(a.mul(2).exp()).mul(2);
  };

  test("any gives the same gradients to the bit, and those are autograd's", () => {
    tidy(() => {
      const x = normal(random, [5, 7], 0.3);
      const expected = reference(x, written);
      const bytes = 2 * 35 * 4; // a and e
      const [all, exactly, tooLittle, nothing] = [
        Number.POSITIVE_INFINITY,
        bytes,
        bytes - 1,
        0,
      ].map((budget) => play(x, compute, { budget }));
      for (const one of [exactly, tooLittle, nothing]) {
        expect(difference(one!.values, all!.values)).toBe(0);
        expect(difference(one!.gradient, all!.gradient)).toBe(0);
      }
      const size = Math.max(...numbers(expected.abs()));
      expect(difference(all!.gradient, expected)).toBeLessThan(1e-6 * size);
      expect([exactly, tooLittle, nothing].map((one) => one!.notes.length)).toEqual([2, 0, 0]);
      expect([exactly!.left, tooLittle!.left, nothing!.left]).toEqual([0, bytes - 1, 0]);
    });
  });

  test("is spent in the bytes of what is kept", () => {
    tidy(() => {
      const half = play(normal(random, [5, 7], 0.3), compute, {
        budget: 1000,
        noteType: "bfloat16",
      });
      expect(half.left).toBe(1000 - 2 * 35 * 2);
    });
  });
});

describe("notes", () => {
  const roundedTo16 = (x: Tensor) => x.to({ dtype: "bfloat16" }).to({ dtype: "float32" });

  test("are in the data type asked for, but exact ones, and are computed with in their own", () => {
    tidy(() => {
      const x = normal(random, [64]);
      const record = createRecord(none);
      const input = recordedInput(record, x, "float32", true);
      let played = 0;
      const results = operate({
        inputs: [input],
        cost: "dear",
        compute: () => [tensorOf(input).mul(3), tensorOf(input).mul(5)],
        readsResults: [0, 1],
        exact: [1],
        backward([gradient], [rounded, exact]) {
          expect(tensorOf(rounded!).dtype).toBe("float32");
          expect(difference(tensorOf(rounded!), roundedTo16(x.mul(3)))).toBe(0);
          expect(difference(tensorOf(exact!), x.mul(5))).toBe(0);
          addGradient(input, gradient!.clone());
          played++;
        },
      });
      const { notes } = dropValues(record, "bfloat16", { bytes: 1000 });
      expect(notes.map(({ dtype }) => dtype)).toEqual(["bfloat16", "float32"]);
      expect(results.map(({ tensor }) => tensor)).toEqual([null, null]);
      backward(record, results[0]!, x.onesLike());
      expect(played).toBe(1);
    });
  });

  test("of a smaller type are read in the type of the computation", () => {
    tidy(() => {
      const x = normal(random, [64]);
      const { gradient } = play(
        x,
        ({ square, double }, input) => square("b", "dear", double("a", "dear", input)),
        { noteType: "bfloat16" },
      );
      // (2x)² by x is 2 · 2x · 2, where the middle 2x is the note.
      expect(difference(gradient, roundedTo16(x.mul(2)).mul(4))).toBe(0);
    });
  });

  test("an input stored in another type is computed with in the one asked for", () => {
    tidy(() => {
      const stored = normal(random, [8]).to({ dtype: "bfloat16" });
      const record = createRecord(none);
      const input = recordedInput(record, stored, "float32", true);
      const counts: Counts = {};
      const output = counted(counts).square("a", "dear", input);
      expect(tensorOf(output).dtype).toBe("float32");
      dropValues(record, "bfloat16", { bytes: 0 });
      backward(record, output, zeros([8]).add(1));
      expect(input.gradient!.dtype).toBe("float32");
      expect(difference(input.gradient!, stored.to({ dtype: "float32" }).mul(2))).toBe(0);
      expect(stored.disposed).toBe(false);
    });
  });
});

describe("backward", () => {
  test("reading a value that the operation does not name throws, whether it is in memory or not", () => {
    for (const budget of [0, Number.POSITIVE_INFINITY]) {
      const run = (reads: "input" | "result", named: boolean) =>
        tidy(() =>
          play(
            normal(random, [3]),
            ({ double }, x) => {
              const inner = double("inner", "dear", x);
              return operate({
                inputs: [inner],
                cost: "dear",
                compute: () => [tensorOf(inner).mul(2)],
                reads: named && reads === "input" ? [inner] : [],
                readsResults: named && reads === "result" ? [0] : [],
                backward([gradient], [result]) {
                  tensorOf(reads === "input" ? inner : result!);
                  addGradient(inner, gradient!.mul(2));
                },
              })[0]!;
            },
            { budget },
          ),
        );
      for (const reads of ["input", "result"] as const) {
        expect(() => run(reads, false)).toThrow(TunewrightError);
        expect(() => run(reads, false)).toThrow("does not name");
        expect(() => run(reads, true)).not.toThrow();
      }
    }
  });

  test("gradients of all who read a value add up", () => {
    tidy(() => {
      const x = normal(random, [9], 0.5);
      const { gradient, counts } = play(x, ({ square, exp, double, sum }, input) => {
        const a = double("a", "dear", input);
        return sum("t", sum("s", square("b", "dear", a), exp("c", "dear", a)), a);
      });
      const expected = reference(x, (leaf) => {
        const a = leaf.mul(2);
        return a.pow(2).add(a.exp()).add(a);
      });
      expect(difference(gradient, expected)).toBeLessThan(1e-5);
      expect(counts.a!.back).toBe(1);
    });
  });

  test("the order of independent operations changes nothing", () => {
    tidy(() => {
      const x = normal(random, [9], 0.5);
      const one = play(x, ({ square, exp, sum }, input) => {
        const left = square("l", "dear", input);
        return sum("s", left, exp("r", "dear", input));
      });
      const other = play(x, ({ square, exp, sum }, input) => {
        const right = exp("r", "dear", input);
        return sum("s", square("l", "dear", input), right);
      });
      expect(difference(one.values, other.values)).toBe(0);
      expect(difference(one.gradient, other.gradient)).toBe(0);
    });
  });

  test("an operation none of whose results the output depends on is not played", () => {
    tidy(() => {
      const { counts } = play(normal(random, [3]), ({ square, double }, x) => {
        square("unused", "dear", x);
        return double("last", "dear", x);
      });
      expect(counts.unused).toEqual({ forward: 1, back: 0 });
      expect(counts.last!.back).toBe(1);
    });
  });

  test("results without a gradient give null", () => {
    tidy(() => {
      const x = normal(random, [3]);
      const { gradient } = play(x, (_, input) => {
        const [, second] = operate({
          inputs: [input],
          cost: "cheap",
          compute: () => [tensorOf(input).mul(2), tensorOf(input).mul(5)],
          backward([byFirst, bySecond]) {
            expect(byFirst).toBe(null);
            addGradient(input, bySecond!.mul(5));
          },
        });
        return second!;
      });
      expect(difference(gradient, zeros([3]).add(5))).toBe(0);
    });
  });

  test("goes no further down than to what is trained, and keeps nothing for what lies below", () => {
    tidy(() => {
      const counts: Counts = {};
      const sum = zeros([3]);
      const record = createRecord(new Map([["w", sum]]));
      const input = recordedInput(record, normal(random, [3]), "float32", false);
      const { square, double } = counted(counts);
      const below = square("below", "dear", square("lowest", "dear", input));
      const byWeight = gradientOf(record, "w")!;
      const [trained] = operate({
        inputs: [below],
        cost: "dear",
        trains: true,
        compute: () => [tensorOf(below).mul(2)],
        reads: [below],
        backward([gradient]) {
          byWeight.add_(gradient!.mul(tensorOf(below)));
          addGradient(below, gradient!.mul(2)); // nobody's, and ignored
        },
      });
      const above = double("above", "dear", trained!);
      expect([input, below, trained!, above].map((value) => value.needsGradient)).toEqual([
        ...[false, false, true, true],
      ]);
      const expected = tensorOf(below).mul(2).clone();
      const { notes } = dropValues(record, "float32", { bytes: 1000 });
      expect(notes.length).toBe(1); // what the trained one reads
      backward(record, above, zeros([3]).add(1));
      expect(difference(sum, expected)).toBe(0);
      expect([input.gradient, below.gradient]).toEqual([null, null]);
      expect([counts.above!.back, counts.below!.back, counts.lowest!.back]).toEqual([1, 0, 0]);
      expect(gradientOf(record, "other")).toBe(undefined);
      expect(gradientOf(null, "w")).toBe(undefined);
    });
  });

  test("of an output that nothing trained lies below does nothing", () => {
    tidy(() => {
      const counts: Counts = {};
      const record = createRecord(none);
      const input = recordedInput(record, normal(random, [3]), "float32", false);
      const output = counted(counts).exp("e", "dear", input);
      expect(dropValues(record, "float32", { bytes: 1000 }).notes.length).toBe(0);
      const gradient = zeros([3]);
      backward(record, output, gradient);
      expect(counts.e).toEqual({ forward: 1, back: 0 });
      expect(gradient.disposed).toBe(true);
    });
  });

  test("frees what it has played, and the gradient that it was given", () => {
    tidy(() => {
      const record = createRecord(none);
      const input = recordedInput(record, normal(random, [3]), "float32", true);
      const { square } = counted({});
      let upper: Value | undefined;
      const [first] = operate({
        inputs: [input],
        cost: "dear",
        compute: () => [tensorOf(input).mul(2)],
        backward([gradient]) {
          expect([upper!.note, upper!.tensor, upper!.gradient]).toEqual([null, null, null]);
          expect(notes.map((note) => note.disposed)).toEqual([false, true]);
          addGradient(input, gradient!.mul(2));
        },
      });
      upper = square("b", "dear", first!);
      const output = square("c", "dear", upper);
      const { notes } = dropValues(record, "float32", { bytes: 1000 });
      const gradient = zeros([3]);
      backward(record, output, gradient);
      expect(notes.map((note) => note.disposed)).toEqual([true, true]);
      expect(gradient.disposed).toBe(true);
      expect(input.gradient!.disposed).toBe(false);
    });
  });
});

describe("without a record", () => {
  test("nothing is written down, and each operation is computed once", () => {
    tidy(() => {
      const counts: Counts = {};
      const x = constant(normal(random, [4]));
      const { square, double } = counted(counts);
      const y = double("b", "cheap", square("a", "dear", x));
      expect([y.record, y.operation, y.needsGradient]).toEqual([null, null, false]);
      expect(difference(tensorOf(y), tensorOf(x).pow(2).mul(2))).toBe(0);
      tensorOf(y);
      expect(forwards(counts)).toEqual({ a: 1, b: 1 });
    });
  });

  test("a constant beside a recorded value has no gradient and can be read again", () => {
    tidy(() => {
      const counts: Counts = {};
      const [x, other] = [normal(random, [4]), normal(random, [4])];
      const { square, sum } = counted(counts);
      const fixed = constant(other);
      const record = createRecord(none);
      const input = recordedInput(record, x, "float32", true);
      const output = square("square", "dear", sum("sum", input, fixed));
      dropValues(record, "float32", { bytes: 0 });
      backward(record, output, x.onesLike());
      expect(counts.sum!.forward).toBe(2);
      expect(difference(input.gradient!, x.add(other).mul(2))).toBe(0);
      expect(fixed.gradient).toBe(null);
    });
  });
});

describe("nothing stays behind", () => {
  const stop = () => {
    throw new Error("stop");
  };
  /** A pass that throws where it is told to. */
  const pass = (where: "nowhere" | "forward" | "again" | "backward", budget: number) => {
    let computed = 0;
    const x = normal(random, [32]);
    try {
      tidy(() => {
        play(
          x,
          ({ square, double, exp }, input) => {
            const inner = exp("e", "cheap", square("a", "dear", input));
            const [middle] = operate({
              inputs: [inner],
              cost: "dear",
              compute() {
                tensorOf(inner).mul(3);
                if (where === "forward" || (where === "again" && computed > 0)) stop();
                computed++;
                return [tensorOf(inner).mul(3)];
              },
              backward([gradient]) {
                addGradient(inner, gradient!.mul(3));
                gradient!.mul(4);
                if (where === "backward") stop();
              },
            });
            return double("last", "dear", square("b", "dear", middle!));
          },
          { budget },
        );
      });
    } finally {
      x.dispose();
    }
  };

  test.each([0, Number.POSITIVE_INFINITY])("after a pass, budget %d", (budget) => {
    const before = liveTensors();
    pass("nowhere", budget);
    expect(liveTensors()).toBe(before);
  });

  test.each([
    ["forward", Number.POSITIVE_INFINITY],
    ["again", 0],
    ["backward", 0],
    ["backward", Number.POSITIVE_INFINITY],
  ] as const)("after an exception thrown %s, budget %d", (where, budget) => {
    const before = liveTensors();
    expect(() => pass(where, budget)).toThrow("stop");
    expect(liveTensors()).toBe(before);
  });

  test("between forward and backward only the notes live", () => {
    tidy(() => {
      const x = normal(random, [32]);
      const { square, double } = counted({});
      const kept = (budget: number) => {
        const before = liveTensors();
        const record: OperationRecord = createRecord(none);
        const { notes } = tidy(() => {
          const input = recordedInput(record, x, "float32", true);
          double("c", "dear", square("b", "dear", square("a", "dear", input)));
          return dropValues(record, "float32", { bytes: budget });
        });
        return [liveTensors() - before, notes.length];
      };
      expect(kept(0)).toEqual([0, 0]);
      expect(kept(1000)).toEqual([1, 1]);
    });
  });
});

test("a tensor of a record is the record's: reading it twice gives the same one", () => {
  tidy(() => {
    const record = createRecord(none);
    const input = recordedInput(record, tensor([1, 2]), "bfloat16", true);
    expect(tensorOf(input)).toBe(tensorOf(input));
    expect(tensorOf(input).dtype).toBe("bfloat16");
  });
});
