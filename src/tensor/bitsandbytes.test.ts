/** bitsandbytes' kernels through the addon, for sizes that its own callers never pass too. */
import { describe, expect, test } from "vitest";
import { type Random, seededRandom } from "../../test/engine/random.js";
import { normal, numbers } from "../../test/engine/values.js";
import { ArgumentError } from "../util/errors.js";
import {
  type DType,
  dequantizeBlockwise,
  dequantizeNf4,
  devices,
  empty,
  quantizeBlockwise,
  tensor,
  tidy,
  zeros,
} from "./index.js";

/** The NF4 data type of QLoRA (Dettmers et al., 2023, arXiv 2305.14314, appendix E). */
const nf4 = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
  0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
  0.7229568362236023, 1,
];

/** Half a unit in the last place of values up to one. */
const rounding: Partial<Record<DType, number>> = {
  float32: 1e-7,
  bfloat16: 2 ** -9,
  float16: 2 ** -12,
};
const dtypes = ["float32", "bfloat16", "float16"] as const;

const bytes = (random: Random, n: number) =>
  Uint8Array.from({ length: n }, () => random.below(256));
const scales = (random: Random, n: number) => Float32Array.from({ length: n }, () => random.next());

describe("dequantizeNf4", () => {
  test("gives code times scale, whatever rows, columns and blocks", () => {
    const random = seededRandom(8);
    for (let i = 0; i < 400; i++) {
      tidy(() => {
        const [rows, columns] = [2 * (1 + random.below(4)), 1 + random.below(140)];
        const block = random.pick([16, 32, 64, 128, 256, 2048]);
        const dtype = random.pick(dtypes);
        const n = rows * columns;
        const [packed, absmax] = [bytes(random, n / 2), scales(random, Math.ceil(n / block))];
        const out = zeros([rows, columns], { dtype });
        dequantizeNf4(tensor(packed), tensor(absmax), out, block);
        const wrong = numbers(out).findIndex((value, at) => {
          const code = at % 2 === 0 ? packed[at >> 1]! >> 4 : packed[at >> 1]! & 15;
          const exact = nf4[code]! * absmax[Math.floor(at / block)]!;
          return !(Math.abs(value - exact) <= rounding[dtype]!);
        });
        expect(wrong, `${dtype}[${rows}, ${columns}] in blocks of ${block}`).toBe(-1);
      });
    }
  });

  test("refuses what does not fit together", () => {
    const [packed, absmax, out] = [zeros([32], { dtype: "uint8" }), zeros([1]), zeros([8, 8])];
    const calls = [
      () => dequantizeNf4(zeros([31], { dtype: "uint8" }), absmax, out, 64),
      () => dequantizeNf4(zeros([32]), absmax, out, 64),
      () => dequantizeNf4(packed, zeros([2]), out, 64),
      () => dequantizeNf4(packed, absmax, out, 48),
      () => dequantizeNf4(packed, absmax, out.transpose(0, 1), 64),
      () => dequantizeNf4(packed, absmax, zeros([8, 8], { dtype: "int32" }), 64),
      () => dequantizeNf4(packed, absmax, zeros([8, 8], { device: "meta" as never }), 64),
      () => dequantizeNf4(zeros([5], { dtype: "uint8" }), absmax, zeros([3, 3]), 64),
      () => dequantizeNf4("packed" as never, absmax, out, 64),
    ];
    for (const call of calls) expect(call, String(call)).toThrow(ArgumentError);
    dequantizeNf4(packed, absmax, out, 64);
  });
});

test.skipIf(!devices().includes("cuda:0"))("a device refuses more than it can count", () => {
  tidy(() => {
    const make = (n: number, dtype: DType) => empty([n], { dtype, device: "cuda:0" });
    const [n, code] = [2 ** 31, make(256, "float32")];
    const [values, absmax] = [make(n, "float16"), make(n / 4096, "float32")];
    const [bytes, packed] = [make(n, "uint8"), make(n / 2, "uint8")];
    const calls = [
      () => quantizeBlockwise(code, values, absmax, bytes, 4096),
      () => dequantizeBlockwise(code, bytes, absmax, values, 4096),
      () => dequantizeNf4(packed, absmax, values, 4096),
    ];
    for (const call of calls) expect(call).toThrow("at most 2^31 - 1 elements");
  });
});

test("quantizeBlockwise finds the nearest code of each block, and dequantizeBlockwise undoes it", () => {
  const random = seededRandom(9);
  const code = Float32Array.from({ length: 256 }, (_, i) => (i - 127.5) / 127.5);
  for (let i = 0; i < 100; i++) {
    tidy(() => {
      const n = 1 + random.below(600);
      const block = random.pick([16, 64, 256, 1024]);
      const dtype = random.pick(dtypes);
      const values = normal(random, [n]).to({ dtype });
      const absmax = zeros([Math.ceil(n / block)]);
      const quantized = zeros([n], { dtype: "uint8" });
      const out = zeros([n], { dtype });
      quantizeBlockwise(tensor(code), values, absmax, quantized, block);
      dequantizeBlockwise(tensor(code), quantized, absmax, out, block);
      const [given, back, largest] = [numbers(values), numbers(out), numbers(absmax)];
      for (const [b, most] of largest.entries()) {
        const inBlock = given.slice(b * block, (b + 1) * block).map(Math.abs);
        expect(most).toBe(Math.max(...inBlock));
      }
      const worst = given.map((value, at) => {
        const scale = largest[Math.floor(at / block)]!;
        return Math.abs(value - back[at]!) / scale;
      });
      expect(Math.max(...worst)).toBeLessThan(0.5 / 127.5 + 2 * rounding[dtype]! + 1e-6);
    });
  }
});
