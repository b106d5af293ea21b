/**
 * A process that makes seeded hostile calls: `tsx hostileCalls.ts operators|native|public SEED COUNT`. It prints
 * each call before it is made, so that a crash names its call, and ends with a summary as JSON.
 */
import { writeSync } from "node:fs";
import { operators } from "../../scripts/operators.js";
import * as tensors from "../../src/tensor/index.js";
import { native, type SchemaArgument } from "../../src/tensor/native.js";
import * as generated from "../../src/tensor/ops.gen.js";
import { ArgumentError, NativeError, UseAfterFreeError } from "../../src/util/errors.js";
import { carelessValue, hostileValue, makePool, Planted, type Pool } from "./hostileValues.js";
import { type Random, seededRandom } from "./random.js";

type Call = { name: string; target: (...values: unknown[]) => unknown; values: unknown[] };

/** Operators by the name of their function, with the schema of their first overload. */
function operatorTable(): { name: string; arguments: SchemaArgument[] }[] {
  const simple = (name: string) => name.replace(/(?<=[^_])_+(?=[^_])/g, "").toLowerCase();
  const names = new Map(Object.keys(generated).map((name) => [simple(name), name]));
  return operators.map((entry) => {
    const [spec = "", alias] = entry.split(" as ");
    const [base = "", overloads = ""] = spec.split(".");
    const qualified = base.includes("::") ? base : `aten::${base}`;
    const name = names.get(simple(alias ?? (qualified.split("::")[1] as string)));
    if (!name) throw new Error(`no function for the operator ${entry}`);
    const id = native.findOperator(qualified, overloads.split("|")[0] as string);
    return { name, arguments: native.operatorSchema(id).arguments };
  });
}

const table = operatorTable();

function operatorCall(random: Random, pool: Pool): Call {
  const { name, arguments: schema } = random.pick(table);
  const hostility = random.pick([0, 0, 0, 0.1, 0.3, 1]);
  // Tensors that pass the checks of dtypes get further.
  const fitting = hostility === 0 && random.chance(0.7);
  const dtype = random.pick<tensors.DType>(["float32", "float32", "bfloat16", "int64"]);
  const choose = (argument: SchemaArgument) => {
    if (random.chance(hostility)) return hostileValue(random, pool);
    if (argument.default !== undefined && random.chance(0.3)) return undefined;
    if (!fitting) return carelessValue(random, pool, argument.type);
    const kind = /index|indices|target/.test(argument.name) ? "int64" : dtype;
    const tensors = pool.tensors.filter((x) => !x.disposed && x.dtype === kind);
    return carelessValue(random, { ...pool, tensors }, argument.type);
  };
  const values = schema.filter((argument) => !argument.keywordOnly).map(choose);
  const keyword = schema.filter((argument) => argument.keywordOnly);
  if (keyword.length > 0 && random.chance(0.8)) {
    const camel = (text: string) =>
      text.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    values.push(
      random.chance(hostility * 0.3)
        ? hostileValue(random, pool)
        : Object.fromEntries(keyword.map((argument) => [camel(argument.name), choose(argument)])),
    );
  }
  if (random.chance(0.05)) values.pop();
  if (random.chance(0.02)) for (let i = 0; i < 40; i++) values.push(hostileValue(random, pool));
  const target = (generated as unknown as Record<string, Call["target"]>)[name] as Call["target"];
  return { name, target, values };
}

/** Replaced or unbounded elsewhere: calling them at random would only break this process's own means. */
const leftOut = new Set(["setErrorFactory", "trim"]);
const nativeNames = Object.keys(native).filter((name) => !leftOut.has(name));

function nativeCall(random: Random, pool: Pool): Call {
  const name = random.pick(nativeNames);
  const handleOf = () => random.pick(pool.tensors).handle;
  const value = () => {
    switch (random.below(8)) {
      case 0:
        return hostileValue(random, pool);
      case 1:
        return random.pick([0, 1, 2, 3, 16, 64, 256]);
      case 2:
        return Array.from({ length: random.below(4) }, handleOf);
      case 3:
        return Array.from({ length: random.below(4) }, () => random.below(5) - 1);
      case 4:
        return random.pick([
          "float32",
          "cpu",
          "aten::add",
          "Tensor",
          "",
          true,
          false,
          new Uint8Array(16),
        ]);
      case 5:
        return (gradients: unknown[]) => random.pick([gradients, [], [null], [handleOf()], 7]);
      case 6:
        return random.pick(pool.generators).handle;
      default:
        return handleOf();
    }
  };
  // Threads stay few: a process with thousands would prove nothing about this boundary.
  const values =
    name === "setThreads"
      ? [random.pick<unknown>([0, -1, 1.5, "2", 1e9, Number.NaN, undefined, 2])]
      : Array.from({ length: random.below(8) }, value);
  if (name === "call" && random.chance(0.8)) values[0] = random.below(table.length);
  return {
    name: `native.${name}`,
    target: native[name as keyof typeof native] as Call["target"],
    values,
  };
}

function hostileResult(random: Random, pool: Pool): unknown {
  return random.chance(0.5) ? hostileValue(random, pool) : { outputs: hostileValue(random, pool) };
}

const publicFunctions: [string, (random: Random, pool: Pool) => unknown[]][] = [
  ["tensor", (random, pool) => [random.chance(0.5) ? [1, 2, 3] : hostileValue(random, pool)]],
  ["grad", () => []],
  [
    "customGradient",
    (random, pool) => [hostileValue(random, pool), () => hostileResult(random, pool), () => []],
  ],
  ["customGradient", () => []],
  ["manualSeed", () => []],
  ["keep", () => []],
  ["dispose", () => []],
  ["releaseBytes", () => []],
  ["releaseBytes", () => [tensors.zeros([3]).bytes()]],
  ["quantizeBlockwise", () => []],
  ["dequantizeNf4", () => []],
  // More elements than bitsandbytes counts on a device; memory that nobody touches costs nothing.
  ["quantizeBlockwise", (random, pool) => [random.pick(pool.tensors), hugeTensor()]],
  [
    "dequantizeNf4",
    (random, pool) => [random.pick(pool.tensors), random.pick(pool.tensors), hugeTensor()],
  ],
];
const hugeTensor = () => tensors.empty([2 ** 31 + 64], { dtype: "bfloat16" });
const members = [
  "size",
  "item",
  "bytes",
  "requiresGrad_",
  "toString",
  "shape",
  "view",
  "addmm",
  "to",
];

function publicCall(random: Random, pool: Pool): Call {
  if (random.chance(0.5)) {
    const self = random.pick(pool.tensors) as unknown as Record<string, unknown>;
    const name = random.pick(members);
    const values = Array.from({ length: random.below(3) }, () => hostileValue(random, pool));
    const target = (...given: unknown[]) => {
      const member = self[name];
      return typeof member === "function" ? member.apply(self, given) : member;
    };
    return { name: `Tensor.${name}`, target, values };
  }
  const [name, first] = random.pick(publicFunctions);
  const lists = () => Array.from({ length: random.below(3) }, () => random.pick(pool.tensors));
  const rest = Array.from({ length: 4 }, () =>
    random.chance(0.5)
      ? hostileValue(random, pool)
      : random.pick<() => unknown>([lists, () => () => ({ outputs: lists(), saved: 1 })])(),
  );
  const target = (tensors as unknown as Record<string, Call["target"]>)[name] as Call["target"];
  return { name, target, values: [...first(random, pool), ...rest] };
}

/** Why an outcome breaks the contract, or nothing. */
function complaint(error: unknown): string | undefined {
  if (error instanceof Planted) return undefined;
  if (error instanceof ArgumentError) {
    const parts = [error.operator, error.argument, error.expected, error.got];
    return parts.every((part) => typeof part === "string" && part.length > 0)
      ? undefined
      : `an ArgumentError that lacks a part: ${JSON.stringify(parts)}`;
  }
  if (error instanceof NativeError) {
    if (error.message.length > 2000) return `a message of ${error.message.length} characters`;
    return error.operator && error.message.includes(error.operator)
      ? undefined
      : `a NativeError without its operator: ${error.message}`;
  }
  if (error instanceof UseAfterFreeError) return undefined;
  // The caller's own object or class fails, before any of ours sees a value.
  if (error instanceof TypeError && /revoked|^Class constructor/.test(error.message))
    return undefined;
  return `${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
}

const [kind = "operators", seedText = "1", countText = "100"] = process.argv.slice(2);
const makers = { operators: operatorCall, native: nativeCall, public: publicCall };
const make = makers[kind as keyof typeof makers];
const counts: Record<string, number> = { value: 0, planted: 0 };
const complaints: string[] = [];
const reached = new Set<string>();
tensors.setThreads(1);
const first = Number(seedText);
for (let seed = first; seed < first + Number(countText); seed++) {
  const random = seededRandom(seed);
  tensors.tidy(() => {
    const pool = makePool(random);
    const { name, target, values } = make(random, pool);
    writeSync(1, `${seed} ${name}\n`);
    try {
      const result = target(...values);
      counts.value = (counts.value ?? 0) + 1;
      reached.add(name);
      if (result instanceof tensors.Tensor && result.device === "cpu" && result.numel < 1e6) {
        result
          .contiguous()
          .bytes()
          .reduce((sum, byte) => sum + byte, 0); // reads all of it
      }
    } catch (error) {
      const label = error instanceof Planted ? "planted" : (error as Error)?.name;
      counts[label] = (counts[label] ?? 0) + 1;
      const wrong = complaint(error);
      if (wrong) complaints.push(`seed ${seed}, ${name}: ${wrong.slice(0, 300)}`);
    }
    tensors.noGrad(() => {});
  });
  native.setGradMode(true);
  native.refuseAllocations(1, 0);
}
writeSync(
  1,
  `summary ${JSON.stringify({ counts, complaints, reached: [...reached].sort(), names: table.length })}\n`,
);
