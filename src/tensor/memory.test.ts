/** Host memory: tensors from typed arrays, and their memory seen without a copy. */
import { describe, expect, test } from "vitest";
import { numbers } from "../../test/engine/values.js";
import { collectGarbage } from "../util/collectGarbage.js";
import { ArgumentError, NativeError } from "../util/errors.js";
import {
  type DType,
  hostMemory,
  liveTensors,
  memoryStatistics,
  ones,
  releaseBytes,
  type TensorData,
  tensor,
  tidy,
  zeros,
} from "./index.js";

const floats = (bytes: Uint8Array) =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

describe("tensor()", () => {
  test.each<[TensorData, DType]>([
    [Float32Array.of(1.5, -2), "float32"],
    [Float64Array.of(0.1, 1e300), "float64"],
    [BigInt64Array.of(1n, -(2n ** 52n)), "int64"],
    [Int32Array.of(2 ** 31 - 1, -(2 ** 31)), "int32"],
    [Int16Array.of(32767, -32768), "int16"],
    [Int8Array.of(127, -128), "int8"],
    [Uint8Array.of(0, 255), "uint8"],
    [Buffer.from([1, 2]), "uint8"],
  ])("takes %s", (data, dtype) => {
    const x = tensor(data);
    expect([x.shape, x.dtype, x.nbytes]).toEqual([[2], dtype, data.byteLength]);
    expect(numbers(x)).toEqual([...data].map(Number));
  });

  test.each<[DType, number[]]>([
    ["float32", [1, -2.5]],
    ["float64", [0.1, 2]],
    ["int64", [2 ** 53 - 1, -5]],
    ["int32", [7, -7]],
    ["int16", [7, -7]],
    ["int8", [7, -7]],
    ["uint8", [0, 255]],
    ["bool", [1, 0]],
  ])("writes numbers as %s", (dtype, data) => {
    const x = tensor(data, [2, 1], dtype);
    expect([x.shape, x.dtype]).toEqual([[2, 1], dtype]);
    expect(numbers(x)).toEqual(data);
  });

  test("takes raw elements of bfloat16, float16 and bool, and parts of buffers", () => {
    expect(numbers(tensor(Uint16Array.of(0x3f80, 0xc000), [2], "bfloat16"))).toEqual([1, -2]);
    expect(numbers(tensor(Uint16Array.of(0x3c00, 0xc000), [2], "float16"))).toEqual([1, -2]);
    const part = new Uint8Array(Float32Array.of(1, 2, 3).buffer, 4, 8);
    expect(numbers(tensor(part, [2], "float32"))).toEqual([2, 3]);
    const odd = tensor(Uint8Array.of(0, 1, 7, 255), [4], "bool");
    expect([...odd.bytes()]).toEqual([0, 1, 1, 1]);
  });

  test("copies: the source may change afterwards", () => {
    const data = Float32Array.of(1);
    const x = tensor(data);
    data[0] = 2;
    expect(x.item()).toBe(1);
  });

  test("makes scalars and empty tensors", () => {
    expect(tensor([5], []).shape).toEqual([]);
    expect(tensor([], [0, 3]).numel).toBe(0);
    expect(tensor(new Float32Array()).shape).toEqual([0]);
  });

  test("refuses data that does not fill the shape or fit the dtype", () => {
    expect(() => tensor([1, 2, 3], [2, 2])).toThrow("fromBytes: expected `bytes` to be 16 bytes");
    expect(() => tensor([1], [-1])).toThrow(ArgumentError);
    expect(() => tensor([1], [2 ** 40, 2 ** 40])).toThrow("a shape that fits the bytes");
    expect(() => tensor([1.5], [1], "int64")).toThrow("expected `data[0]` to be an integer");
    expect(() => tensor([0, 256], [2], "uint8")).toThrow(
      "`data[1]` to be an integer from 0 to 255",
    );
    expect(() => tensor(["1" as never])).toThrow("`data[0]` to be a number");
    expect(() => tensor([1], [1], "bfloat16")).toThrow(/make float32 and convert/);
    expect(() => tensor([1], [1], "float" as never)).toThrow(/a dtype such as/);
    expect(() => tensor(Uint16Array.of(1))).toThrow("expected `dtype`");
    expect(() => tensor(new ArrayBuffer(4) as never)).toThrow("numbers or a typed array");
    const shape = [1];
    Object.defineProperty(shape, 0, {
      get: () => {
        structuredClone(data.buffer, { transfer: [data.buffer] });
        return 1 << 16;
      },
    });
    const data = new Float32Array(1 << 16);
    expect(() => tensor(data, shape)).toThrow("there are 0");
  });
});

describe("bytes()", () => {
  test("is the tensor's own memory: writes are seen both ways", () => {
    const x = tensor([1, 2, 3]);
    const view = floats(x.bytes());
    view[1] = 20;
    expect(numbers(x)).toEqual([1, 20, 3]);
    x.mul_(2);
    expect([...view]).toEqual([2, 40, 6]);
    floats(x.bytes())[0] = -1;
    expect(view[0]).toBe(-1);
  });

  test("stays valid after the tensor is disposed", () => {
    const x = ones([1 << 18]);
    const view = floats(x.bytes());
    x.dispose();
    const others = Array.from({ length: 4 }, () => zeros([1 << 18]));
    expect(view.every((value) => value === 1)).toBe(true);
    for (const other of others) other.dispose();
  });

  test("of a contiguous part begins and ends where the part does", () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
    const middle = x.select(0, 1);
    expect([...floats(middle.bytes())]).toEqual([3, 4]);
    floats(middle.bytes())[0] = 30;
    expect(numbers(x)).toEqual([1, 2, 30, 4, 5, 6]);
    expect(zeros([0]).bytes().length).toBe(0);
  });

  test("refuses tensors without memory of that form", () => {
    expect(() => zeros([2, 3]).transpose(0, 1).bytes()).toThrow(/not contiguous; call contiguous/);
    expect(() => zeros([2], { device: "meta" as never }).bytes()).toThrow(NativeError);
  });
});

describe("releaseBytes()", () => {
  test("frees a tensor's memory at once, in a loop that never returns to the event loop", () => {
    const before = hostMemory().liveBytes;
    for (let i = 0; i < 4; i++) {
      const bytes = tidy(() => ones([1_000_000]).bytes());
      expect(hostMemory().liveBytes - before).toBeGreaterThanOrEqual(4e6);
      releaseBytes(bytes);
      expect(bytes.length).toBe(0);
      expect(hostMemory().liveBytes).toBe(before);
      releaseBytes(bytes);
    }
  });

  test("leaves the tensor, its other views and memory of others as they are", () => {
    using x = tensor([1, 2, 3]);
    const [one, other] = [x.bytes(), x.bytes()];
    releaseBytes(one);
    expect([...floats(other)]).toEqual([1, 2, 3]);
    expect(numbers(x)).toEqual([1, 2, 3]);
    const foreign = Uint8Array.of(1, 2);
    releaseBytes(foreign);
    releaseBytes(Buffer.from("text"));
    releaseBytes(new Uint8Array(new SharedArrayBuffer(4)));
    releaseBytes(zeros([0]).bytes());
    expect(foreign).toEqual(Uint8Array.of(1, 2));
  });

  test("may be called after the collector and the event loop have had their turn", async () => {
    const bytes = tidy(() => ones([1000]).bytes());
    releaseBytes(bytes);
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    releaseBytes(bytes);
    expect(bytes.length).toBe(0);
  });
});

test("item() reads one element", () => {
  expect(tensor([2 ** 53], [1, 1], "float64").item()).toBe(2 ** 53);
  expect(tensor([1], [], "bool").item()).toBe(1);
  expect(tensor([-5], [], "int64").item()).toBe(-5);
  expect(() => zeros([2]).item()).toThrow("a tensor with 2 elements has no single value");
});

test("memoryStatistics counts each storage once", () => {
  const before = memoryStatistics();
  const x = zeros([1024]);
  const views = [x.view([32, 32]), x.slice(0, 0, 5)];
  const after = memoryStatistics();
  expect(after.liveTensors - before.liveTensors).toBe(3);
  expect(after.tensorBytes - before.tensorBytes).toBe(4096);
  for (const y of [x, ...views]) y.dispose();
  expect(memoryStatistics().tensorBytes).toBe(before.tensorBytes);
  expect(liveTensors()).toBe(before.liveTensors);
});
