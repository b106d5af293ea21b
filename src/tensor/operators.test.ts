/** Operators by each kind of argument and result, against values computed in plain JavaScript. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/engine/random.js";
import { difference, normal, numbers } from "../../test/engine/values.js";
import { ArgumentError, NativeError } from "../util/errors.js";
import { native } from "./dispatch.js";
import * as t from "./index.js";

const { tensor } = t;
const random = seededRandom(1);

/** Row-major product of [n, k] and [k, m]. */
function product(a: number[], b: number[], n: number, k: number, m: number): number[] {
  return Array.from({ length: n * m }, (_, at) => {
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a[Math.floor(at / m) * k + i]! * b[i * m + (at % m)]!;
    return sum;
  });
}

describe("arguments", () => {
  test("optional ones that this libtorch does not know are refused only where they are given", () => {
    const neg = native.findOperator("aten::neg", "");
    const x = tensor([1, -2]);
    const result = new t.Tensor(native.call(neg, x.handle, undefined, undefined) as number);
    expect(numbers(result)).toEqual([-1, 2]);
    expect(() => native.call(neg, x.handle, undefined, 3)).toThrow(ArgumentError);
    expect(() => native.call(neg)).toThrow(ArgumentError);
  });

  test("tensors broadcast, and scalars stand for them", () => {
    const a = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(numbers(a.add(tensor([10, 20, 30])))).toEqual([11, 22, 33, 14, 25, 36]);
    expect(numbers(a.sub(tensor([1, 2], [2, 1])))).toEqual([0, 1, 2, 2, 3, 4]);
    expect(numbers(a.mul(0.5))).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
    expect(numbers(t.div(a, 2))).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
    expect(numbers(a.pow(2))).toEqual([1, 4, 9, 16, 25, 36]);
    expect(numbers(a.gt(3))).toEqual([0, 0, 0, 1, 1, 1]);
  });

  test("whole numbers are integers and others floats, as the dtype of the result shows", () => {
    const whole = tensor([1, 2], [2], "int64");
    expect(whole.add(1).dtype).toBe("int64");
    expect(whole.add(1.5).dtype).toBe("float32");
    expect(whole.add(-0).dtype).toBe("float32");
    expect(numbers(tensor([1]).div(-0))).toEqual([Number.NEGATIVE_INFINITY]);
    expect(numbers(whole.bitwiseLeftShift(3))).toEqual([8, 16]);
    expect(t.full([], true).dtype).toBe("bool");
  });

  test("keyword arguments have PyTorch's defaults", () => {
    const a = tensor([1, 2]);
    const b = tensor([10, 20]);
    expect(numbers(a.add(b, { alpha: 2 }))).toEqual([21, 42]);
    expect(numbers(a.add(b, {}))).toEqual([11, 22]);
    const mat = tensor([1, 2, 3, 4], [2, 2]);
    expect(numbers(mat.addmm(mat, mat, { beta: 0, alpha: 0.5 }))).toEqual([3.5, 5, 7.5, 11]);
    expect(numbers(tensor([0.5, 2.5]).bucketize(tensor([0.5, 2.5]), { right: true }))).toEqual([
      1, 2,
    ]);
  });

  test("optional numbers and tensors may be null, undefined or left out", () => {
    const a = tensor([-2, 0, 3]);
    expect(numbers(a.clamp(null, 1))).toEqual([-2, 0, 1]);
    expect(numbers(a.clamp(0))).toEqual([0, 0, 3]);
    const x = tensor([1, 2], [1, 2]);
    const w = tensor([1, 0, 0, 1, 1, 1], [3, 2]);
    expect(numbers(t.linear(x, w))).toEqual([1, 2, 3]);
    expect(numbers(t.linear(x, w, null))).toEqual([1, 2, 3]);
    expect(numbers(t.linear(x, w, tensor([1, 1, 1])))).toEqual([2, 3, 4]);
    expect(numbers(a.argmax())).toEqual([2]);
  });

  test("lists of tensors", () => {
    const a = tensor([1, 2], [1, 2]);
    const b = tensor([3, 4], [1, 2]);
    expect(t.cat([a, b], 0).shape).toEqual([2, 2]);
    expect(numbers(t.cat([a, b], 1))).toEqual([1, 2, 3, 4]);
    expect(t.stack([a, b, a]).shape).toEqual([3, 1, 2]);
    const norms = t._foreachNorm([tensor([3, 4]), tensor([1, -2, 2])], 2);
    expect(norms.map((norm) => norm.item())).toEqual([5, 3]);
    t._foreachAdd_([a, b], [b, b], { alpha: 10 });
    expect([numbers(a), numbers(b)]).toEqual([
      [31, 42],
      [33, 44],
    ]);
  });

  test("lists of integers, one integer for a list, and no list for all dimensions", () => {
    const x = tensor(
      Array.from({ length: 24 }, (_, i) => i),
      [2, 3, 4],
    );
    expect(x.permute([2, 0, 1]).shape).toEqual([4, 2, 3]);
    expect(numbers(x.sum([0, 2]))).toEqual([60, 92, 124]);
    expect(x.sum(1).shape).toEqual([2, 4]);
    expect(x.sum(-1, true).shape).toEqual([2, 3, 1]);
    expect(x.sum(null).item()).toBe(276);
    expect(x.view([-1, 4]).shape).toEqual([6, 4]);
    expect(x.splitWithSizes([1, 3], 2).map((part) => part.shape)).toEqual([
      [2, 3, 1],
      [2, 3, 3],
    ]);
    expect(t.zeros(3).shape).toEqual([3]);
  });

  test("integers, negative dimensions and bigints", () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(x.transpose(-1, 0).shape).toEqual([3, 2]);
    expect(numbers(x.narrow(1, 1, 2))).toEqual([2, 3, 5, 6]);
    expect(numbers(x.slice(1, 0, null, 2))).toEqual([1, 3, 4, 6]);
    expect(numbers(x.select(0, -1))).toEqual([4, 5, 6]);
    expect(numbers(x.select(0, 1n as unknown as number))).toEqual([4, 5, 6]);
  });

  test("floats and booleans", () => {
    const a = tensor([1, 2]);
    expect(a.allclose(tensor([1.01, 2.01]))).toBe(false);
    expect(a.allclose(tensor([1.01, 2.01]), 0, 0.02)).toBe(true);
    expect(tensor([Number.NaN]).allclose(tensor([Number.NaN]), 0, 0, true)).toBe(true);
    expect(numbers(tensor([3, 1, 2]).sort(0, true)[0])).toEqual([3, 2, 1]);
    expect(numbers(a.cumsum(0))).toEqual([1, 3]);
  });

  test("dtypes, devices, layouts, memory formats and strings are names", () => {
    const x = t.zeros([2, 2], { dtype: "bfloat16", device: "cpu", layout: "strided" });
    expect([x.dtype, x.device]).toEqual(["bfloat16", "cpu"]);
    expect(x.to({ dtype: "int8" }).dtype).toBe("int8");
    expect(x.mean(null, false, { dtype: "float64" }).dtype).toBe("float64");
    expect(x.transpose(0, 1).clone({ memoryFormat: "contiguous" }).shape).toEqual([2, 2]);
    const one = tensor([1]);
    expect(one.gelu().item()).toBeCloseTo(0.841345, 5);
    expect(one.gelu({ approximate: "tanh" }).item()).toBeCloseTo(0.841192, 5);
  });

  test("codes of enumerations do not pass for names", () => {
    const code = 9999 as never;
    for (const options of [{ dtype: code }, { layout: code }, { memoryFormat: code }]) {
      expect(() => t.empty([2], options)).toThrow(ArgumentError);
    }
    expect(() => t.empty([2], { layout: "float32" })).toThrow(/expected `layout`/);
    expect(() => tensor([1]).view("float32" as never)).toThrow(ArgumentError);
  });
});

describe("results", () => {
  test("several tensors", () => {
    const [values, indices] = tensor([5, 9, 7]).topk(2);
    expect(numbers(values)).toEqual([9, 7]);
    expect(numbers(indices)).toEqual([1, 2]);
    expect(indices.dtype).toBe("int64");
    expect(tensor([1, 2, 3, 4, 5]).chunk(2).map(numbers)).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  test("in place, the same object comes back", () => {
    const x = tensor([1, 2, 3]);
    expect(x.add_(1).mul_(2)).toBe(x);
    expect(numbers(x)).toEqual([4, 6, 8]);
    const before = t.liveTensors();
    x.zero_().fill_(7).clamp_(0, 5);
    expect(t.liveTensors()).toBe(before);
    expect(numbers(x)).toEqual([5, 5, 5]);
  });

  test("what is written as `out` comes back with its new shape", () => {
    const a = tensor([1, 2, 3, 4], [2, 2]);
    const out = t.empty([2, 2]);
    expect(t.mmOut(a, a, { out })).toBe(out);
    expect(numbers(out)).toEqual([7, 10, 15, 22]);
    const empty = t.empty([0]);
    expect(empty.shape).toEqual([0]);
    expect(t.mmOut(a, a, { out: empty }).shape).toEqual([2, 2]);
  });

  test("booleans and views that share memory", () => {
    const x = tensor([1, 2, 3, 4]);
    expect(t.equal(x, x.clone())).toBe(true);
    x.view([2, 2]).select(0, 1).fill_(9);
    expect(numbers(x)).toEqual([1, 2, 9, 9]);
  });
});

describe("values", () => {
  test("matrix products, batched and not", () => {
    const a = normal(random, [5, 7]);
    const b = normal(random, [7, 3]);
    const expected = tensor(product(numbers(a), numbers(b), 5, 7, 3), [5, 3]);
    expect(difference(a.matmul(b), expected)).toBeLessThan(1e-5);
    expect(difference(a.mm(b), expected)).toBeLessThan(1e-5);
    const batched = t.bmm(t.stack([a, a]), t.stack([b, b.mul(2)]));
    expect(difference(batched.select(0, 1), expected.mul(2))).toBeLessThan(1e-5);
    expect(
      difference(
        t.baddbmm(batched, t.stack([a, a]), t.stack([b, b])).select(0, 0),
        expected.mul(2),
      ),
    ).toBeLessThan(1e-5);
  });

  test("softmax, logsumexp and cross entropy", () => {
    const x = normal(random, [4, 9]);
    const rows = Array.from({ length: 4 }, (_, i) => numbers(x).slice(9 * i, 9 * i + 9));
    const logs = rows.map((row) => Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)));
    expect(difference(x.logsumexp(1), tensor(logs))).toBeLessThan(1e-5);
    const flat = rows.flatMap((row, i) => row.map((value) => Math.exp(value - logs[i]!)));
    expect(difference(x.softmax(-1), tensor(flat, [4, 9]))).toBeLessThan(1e-6);
    const targets = [3, 0, 8, 5];
    const loss = rows.reduce((sum, row, i) => sum + logs[i]! - row[targets[i]!]!, 0) / 4;
    expect(t.crossEntropyLoss(x, tensor(targets, [4], "int64")).item()).toBeCloseTo(loss, 5);
  });

  test("gather, scatter and the index family", () => {
    const x = tensor([10, 11, 12, 20, 21, 22], [2, 3]);
    const index = tensor([2, 0], [2, 1], "int64");
    expect(numbers(x.gather(1, index))).toEqual([12, 20]);
    const row = tensor([1, 1], [2], "int64");
    expect(numbers(x.indexSelect(0, row))).toEqual([20, 21, 22, 20, 21, 22]);
    expect(numbers(t.embedding(x, tensor([1, 0], [2], "int64")))).toEqual([20, 21, 22, 10, 11, 12]);
    const sums = t.zeros([2, 3]).scatterAdd_(1, index, t.ones([2, 1]));
    expect(numbers(sums)).toEqual([0, 0, 1, 1, 0, 0]);
    expect(numbers(t.zeros([2, 3]).indexAdd_(0, row, x, { alpha: 2 }))).toEqual([
      0, 0, 0, 60, 64, 68,
    ]);
    expect(numbers(x.maskedFill(x.gt(20), 0))).toEqual([10, 11, 12, 20, 0, 0]);
  });

  test("rounding of bfloat16 and float16 is to nearest, ties to even", () => {
    const x = tensor([1 + 2 ** -8, 1 + 3 * 2 ** -8, 65504, 1e-8]);
    expect(numbers(x.to({ dtype: "bfloat16" })).slice(0, 2)).toEqual([1, 1 + 2 ** -6]);
    expect(numbers(x.to({ dtype: "float16" }))).toEqual([1 + 2 ** -8, 1 + 3 * 2 ** -8, 65504, 0]);
  });

  test("the fused optimizer makes AdamW's step", () => {
    const p = tensor([1, -2]);
    const g = tensor([0.5, 0.25]);
    const m = t.zeros([2]);
    const v = t.zeros([2]);
    t._fusedAdamw_([p], [g], [m], [v], [], [t.ones([])], {
      lr: 0.1,
      beta1: 0.9,
      beta2: 0.999,
      weightDecay: 0.01,
      eps: 1e-8,
      amsgrad: false,
      maximize: false,
    });
    // At the first step the bias-corrected moments are g and g².
    const step = (value: number) => value * (1 - 0.1 * 0.01) - 0.1;
    expect(difference(p, tensor([step(1), step(-2)]))).toBeLessThan(1e-6);
    expect(difference(m, g.mul(0.1))).toBeLessThan(1e-7);
  });
});

describe("what libtorch would not check", () => {
  const settings = {
    lr: 0.1,
    beta1: 0.9,
    beta2: 0.999,
    weightDecay: 0,
    eps: 1e-8,
    amsgrad: false,
    maximize: false,
  };

  test("fused optimizers refuse states of other sizes and tensors that are not contiguous", () => {
    const p = t.zeros([1 << 16]);
    const small = t.zeros([4]);
    const steps = [t.ones([])];
    expect(() => t._fusedAdamw_([p], [small], [p], [p], [], steps, settings)).toThrow(
      "_fused_adamw_: expected `grads[0]` to be a contiguous Tensor of sizes [65536]",
    );
    const wide = t.zeros([1, 4]).expand([4, 4]);
    const all = [t.zeros([4, 4])];
    expect(() => t._fusedAdamw_([wide], all, all, all, [], steps, settings)).toThrow(
      "not contiguous",
    );
    const sgd = { ...settings, momentum: 0, dampening: 0, nesterov: false, isFirstStep: true };
    expect(() => t._fusedSgd_([p], [small], [], sgd)).toThrow(ArgumentError);
    expect(() => t._fusedSgd_([p, p], [p], [], sgd)).toThrow(NativeError);
  });

  test("attention refuses fewer keys than values", () => {
    const [q, k, v] = [3, 2, 4096].map((n) => t.zeros([1, 2, n, 8]));
    expect(() => t.scaledDotProductAttention(q!, k!, v!)).toThrow(
      "scaled_dot_product_attention: expected `value` to be as long as `key`",
    );
  });
});
