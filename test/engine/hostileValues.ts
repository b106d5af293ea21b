/** Values that no careful caller would pass, and careless ones that reach the kernels. */
import {
  type DType,
  Generator,
  noGrad,
  type Tensor,
  tensor,
  zeros,
} from "../../src/tensor/index.js";
import { native } from "../../src/tensor/native.js";
import type { Random } from "./random.js";

/** Thrown by hostile getters and proxies; reaching the caller unchanged is right. */
export class Planted extends Error {}

const dtypes: DType[] = [
  ...(["float32", "bfloat16", "float16", "float64", "int64"] as const),
  ...(["int32", "int16", "int8", "uint8", "bool"] as const),
];

const shapes = [
  [],
  [0],
  [1],
  [2],
  [3],
  [4],
  [1, 3],
  [3, 1],
  [2, 3],
  [3, 2],
  [0, 3],
  [3, 4],
  [4, 4],
].concat([
  [2, 3, 4],
  [1, 2, 3],
  [2, 4, 3],
  [3, 4, 4],
  [1, 2, 3, 4],
  [2, 2, 2, 2],
]);

export interface Pool {
  tensors: Tensor[];
  generators: Generator[];
}

function filled(random: Random, shape: number[], dtype: DType): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Array.from({ length: count }, () =>
    random.chance(0.05) ? random.pick([-1e9, 1e9, -7, 100]) : random.below(9) - 2,
  );
  return tensor(values, shape).to({ dtype });
}

/** Tensors of every dtype and many shapes, some not contiguous, recorded, disposed or without data. */
export function makePool(random: Random): Pool {
  const tensors: Tensor[] = [];
  for (const dtype of dtypes) {
    for (let i = 0; i < 4; i++) tensors.push(filled(random, random.pick(shapes), dtype));
  }
  for (const shape of shapes) tensors.push(filled(random, shape, "float32"));
  tensors.push(
    filled(random, [3, 4], "float32").transpose(0, 1),
    filled(random, [1, 4], "float32").expand([3, 4]),
    filled(random, [4], "float32").slice(0, 0, 4, 2),
    filled(random, [3, 4], "float32").requiresGrad_(),
    filled(random, [4, 3], "float32").requiresGrad_().mul(2),
    tensor([Number.NaN, Number.POSITIVE_INFINITY, -1]),
    noGrad(() => zeros([3, 4], { device: "meta" as never })),
  );
  const freed = filled(random, [2], "float32");
  freed.dispose();
  const generator = new Generator(random.below(100));
  const freedGenerator = new Generator(1);
  freedGenerator.dispose();
  return { tensors: [...tensors, freed, freed], generators: [generator, freedGenerator] };
}

const cyclic: unknown[] = [1];
cyclic.push(cyclic);

function throwing(): never {
  throw new Planted("planted");
}

function arrayWithGetter(getter: () => unknown): unknown[] {
  const array: unknown[] = [1, 2];
  Object.defineProperty(array, 0, { get: getter, enumerable: true });
  return array;
}

const traps = Object.fromEntries(
  ["get", "has", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor"].map((trap) => [
    trap,
    throwing,
  ]),
);

/** Numbers that are no sensible size, index or scalar. None makes an allocation that could succeed. */
const numbers = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0.5,
  -1.5,
  1e300,
  2 ** 40,
  -(2 ** 40),
  2 ** 52,
  2 ** 53,
  -(2 ** 53),
  -(2 ** 31),
  -1,
  -2,
  -5,
  1e-300,
];

/** Anything at all. */
export function hostileValue(random: Random, pool: Pool): unknown {
  switch (random.below(24)) {
    case 0:
      return undefined;
    case 1:
      return null;
    case 2:
    case 3:
    case 4:
      return random.pick(numbers);
    case 5:
      return random.pick([10n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 200n]);
    case 6:
      return Symbol("hostile");
    case 7:
      return random.pick(["", "float32", "cpu", "cuda", "cuda:-1", "cuda:99999999999", "meta"]);
    case 8:
      return random.pick([
        "\u{d800}",
        "mps:7",
        "privateuseone",
        "preserve",
        "strided",
        "x".repeat(1e5),
      ]);
    case 9:
      return random.pick([{}, { handle: 7 }, { length: 3 }, Object.create(null), new Date(), /x/]);
    case 10:
      return random.pick([() => 1, class {}, async () => 1]);
    case 11:
      return cyclic;
    case 12:
      return random.pick([[], [[]], [null], [undefined], [[1], [2]], new Array(5), [1, "2"]]);
    case 13:
      return arrayWithGetter(throwing);
    case 14: {
      const victim = random.pick(pool.tensors);
      return arrayWithGetter(() => {
        victim.dispose();
        for (let i = 0; i < 20; i++) native.findOperator("aten::add", "Tensor");
        return victim;
      });
    }
    case 15:
      return new Proxy({}, traps);
    case 16:
      return new Proxy([1, 2], traps);
    case 17: {
      const { proxy, revoke } = Proxy.revocable([], {});
      revoke();
      return proxy;
    }
    case 18:
      return new Proxy(random.pick(pool.tensors), {});
    case 19:
      return random.pick([new Float32Array(4), new Uint8Array(0), new ArrayBuffer(8)]);
    case 20:
      return random.pick([Object(5), Object("float32"), Object(true), Object(1n)]);
    case 21:
      return random.pick(pool.generators);
    case 22:
      return random.pick(pool.tensors);
    default:
      return random.pick([true, false]);
  }
}

/** A value that fits the schema type, with no thought of whether it makes sense. */
export function carelessValue(random: Random, pool: Pool, type: string): unknown {
  const optional = type.endsWith("?");
  if (optional && random.chance(0.4)) return random.pick([null, undefined]);
  const list = (make: () => unknown, limit: number) =>
    Array.from({ length: random.below(limit) }, make);
  switch (optional ? type.slice(0, -1) : type) {
    case "Tensor":
      return random.pick(pool.tensors);
    case "Tensor[]": {
      const one = random.pick(pool.tensors);
      return random.chance(0.4) ? list(() => one, 4) : list(() => random.pick(pool.tensors), 4);
    }
    case "int":
    case "SymInt":
      return random.below(9) - 3;
    case "int[]":
    case "SymInt[]":
      return random.chance(0.2) ? random.below(4) : list(() => random.below(6) - 1, 5);
    case "float":
    case "Scalar":
    case "number":
      return random.pick([0, 1, -1, 2, 0.5, -0.5, 3, 1e9, random.normal(), true]);
    case "float[]":
      return list(() => random.normal(), 5);
    case "bool":
      return random.chance(0.5);
    case "ScalarType":
      return random.pick(dtypes);
    case "Device":
      return "cpu";
    case "Generator":
      return random.pick(pool.generators);
    case "MemoryFormat":
      return random.pick(["contiguous", "preserve"]);
    case "Layout":
      return "strided";
    case "str":
      return random.pick(["", "none", "tanh", "sum"]);
    default:
      throw new Error(`no careless value for the schema type ${type}`);
  }
}
