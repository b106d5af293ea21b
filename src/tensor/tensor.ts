/**
 * `Tensor`: a handle on one native tensor, and the lifetime of such handles. Operators are added to
 * the class by `ops.gen.ts`.
 *
 * A tensor made inside `tidy` is freed when it ends, unless it is returned or kept; outside, it
 * lives until `dispose()` (or `using`), with the garbage collector as a net. Operators never
 * consume their inputs, and libtorch's graph holds its own references, so freeing a handle never
 * breaks a backward pass.
 */
import { ArgumentError, TunewrightError, UseAfterFreeError } from "../util/errors.js";
import { releaseBytes as releaseSharedBytes, setReleaseOfBytes } from "../util/releaseBytes.js";
import { describeValue, isArray } from "./describe.js";
import { bytesPerElement, type Device, type DType, type TensorData } from "./dtype.js";
import { native } from "./native.js";

interface Description {
  shape: number[];
  dtype: DType;
  device: Device;
}

/** Frees the handles of tensors that were garbage-collected while still alive. */
const finaliser = new FinalizationRegistry<number>((handle) => {
  native.release(handle);
});

/** Tensors made in the innermost open `tidy`. */
let scope: Tensor[] | undefined;

// Set by the class itself, so that only this file reaches its private members.
let closeScope: (tensors: Tensor[], returned: Set<Tensor>, outer: Tensor[] | undefined) => void;
let markKept: (tensor: Tensor) => void;
/** Shape and dtype of `tensor` are asked for anew. */
export let forgetShape: (tensor: Tensor) => void;

export class Tensor {
  /** The native handle; 0 once disposed. Only this folder uses it. */
  handle: number;
  private kept = false;
  private watched = false;
  private described: Description | undefined;

  /** @param handle a handle that the addon has just given out */
  constructor(handle: number) {
    this.handle = handle;
    if (scope) scope.push(this);
    else this.watch();
  }

  /** From now on the garbage collector is the net. */
  private watch(): void {
    this.watched = true;
    finaliser.register(this, this.handle, this);
  }

  private describe(): Description {
    if (this.handle === 0) {
      throw new UseAfterFreeError("this tensor was disposed", {
        todo: "return it from the enclosing tidy(), or keep() it",
      });
    }
    this.described ??= native.describe(this.handle) as Description;
    return this.described;
  }

  /** Sizes of the dimensions. */
  get shape(): readonly number[] {
    return this.describe().shape;
  }

  get dtype(): DType {
    return this.describe().dtype;
  }

  get device(): Device {
    return this.describe().device;
  }

  /** Number of dimensions. */
  get dim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  /** Bytes of the elements. */
  get nbytes(): number {
    return this.numel * bytesPerElement[this.dtype];
  }

  /** Size of one dimension; negative dimensions count from the end. */
  size(dim: number): number {
    const size = Number.isInteger(dim) ? this.shape.at(dim) : undefined;
    if (size === undefined) {
      const expected = `a dimension of the shape [${this.shape}]`;
      throw new ArgumentError("size", "dim", expected, describeValue(dim));
    }
    return size;
  }

  get disposed(): boolean {
    return this.handle === 0;
  }

  get requiresGrad(): boolean {
    return native.requiresGrad(this.handle);
  }

  /** Marks a leaf whose gradient will be asked for. Returns itself. */
  requiresGrad_(requiresGrad = true): this {
    native.setRequiresGrad(this.handle, requiresGrad);
    return this;
  }

  /** The value of a tensor of one element (booleans as 0 and 1). */
  item(): number {
    return native.item(this.handle);
  }

  /**
   * The tensor's own memory, without a copy: what is written to one is seen in the other. The view
   * stays valid after the tensor is disposed; its memory is freed when the view is collected and the
   * event loop has had a turn, or by {@link releaseBytes}.
   *
   * @throws NativeError where the tensor is not contiguous or not on the CPU.
   */
  bytes(): Uint8Array {
    return new Uint8Array(native.bytes(this.handle));
  }

  /** Frees the handle. Doing so twice is harmless. */
  dispose(): void {
    if (this.handle === 0) return;
    native.release(this.handle);
    this.handle = 0;
    if (this.watched) finaliser.unregister(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    if (this.disposed) return "Tensor(disposed)";
    return `Tensor(${this.dtype}[${this.shape.join(", ")}]${this.device === "cpu" ? "" : ` on ${this.device}`})`;
  }

  /** Ends the scope that made this tensor: kept tensors move to `outer`. */
  private leaveScope(returned: boolean, outer: Tensor[] | undefined): void {
    if (this.handle === 0) return;
    if (!this.kept && !returned) this.dispose();
    else if (!this.kept && outer) outer.push(this);
    else this.watch();
  }

  static {
    closeScope = (tensors, returned, outer) => {
      for (const tensor of tensors) tensor.leaveScope(returned.has(tensor), outer);
    };
    markKept = (tensor) => {
      tensor.kept = true;
    };
    forgetShape = (tensor) => {
      tensor.described = undefined;
    };
  }
}

/** @param seen containers visited already: what a caller returns may refer to itself */
function collectTensors(value: unknown, into: Set<Tensor>, seen = new Set<object>()): void {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return;
  if (value instanceof Tensor) {
    into.add(value);
    return;
  }
  if (seen.has(value)) return;
  seen.add(value);
  const elements = Array.isArray(value)
    ? value
    : value instanceof Map
      ? value.values()
      : Object.values(value);
  for (const element of elements) collectTensors(element, into, seen);
}

/**
 * Runs `body` and frees every tensor made inside it, except those in what it returns (a tensor, or
 * arrays, plain objects and maps of them) and those given to {@link keep}.
 *
 * @throws TunewrightError where `body` returns a promise: scopes cannot span an `await`.
 */
export function tidy<T>(body: () => T): T {
  const outer = scope;
  const mine: Tensor[] = [];
  scope = mine;
  const returned = new Set<Tensor>();
  try {
    const result = body();
    refusePromise(
      "tidy",
      result,
      "await outside tidy() and own tensors with dispose() across an await",
    );
    collectTensors(result, returned);
    return result;
  } finally {
    scope = outer;
    closeScope(mine, returned, outer);
  }
}

/** Scopes and grad modes belong to the thread and cannot span an `await`. */
export function refusePromise(caller: string, result: unknown, todo: string): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => {}); // it may fail later, for what it was refused
  throw new TunewrightError(`${caller}: the function must not be asynchronous`, { todo });
}

/**
 * Runs `body` like {@link tidy}, but what it makes lives until `free` is called: for closures that
 * hold tensors which only they know.
 */
export function hold<T>(body: () => T): { result: T; free: () => void } {
  const outer = scope;
  const mine: Tensor[] = [];
  const free = () => dispose(mine);
  scope = mine;
  try {
    const result = body();
    refusePromise("hold", result, "await outside hold()");
    return { result, free };
  } catch (error) {
    free();
    throw error;
  } finally {
    scope = outer;
    closeScope(mine, new Set(mine), undefined);
  }
}

setReleaseOfBytes((buffer) => void native.releaseBytes(buffer));

/**
 * Frees what `bytes()` gave, without waiting for the garbage collector and the event loop. The view is
 * empty from then on. Views of other memory stay as they are.
 */
export function releaseBytes(view: Uint8Array): void {
  if (!(view instanceof Uint8Array)) {
    throw new ArgumentError("releaseBytes", "view", "a Uint8Array", describeValue(view));
  }
  releaseSharedBytes(view);
}

/** Lets a tensor outlive the `tidy` around it; from then on `dispose()` is the caller's. */
export function keep<T extends Tensor>(tensor: T): T {
  if (!(tensor instanceof Tensor)) {
    throw new ArgumentError("keep", "tensor", "a Tensor", describeValue(tensor));
  }
  markKept(tensor);
  return tensor;
}

/** Frees every tensor in a tree of arrays, plain objects and maps. */
export function dispose(tree: unknown): void {
  const tensors = new Set<Tensor>();
  collectTensors(tree, tensors);
  for (const tensor of tensors) tensor.dispose();
}

/** Number of native tensors alive in this thread. */
export function liveTensors(): number {
  return native.liveTensors();
}

const defaultDTypes: [new (length: number) => TensorData, DType][] = [
  [Float32Array, "float32"],
  [Float64Array, "float64"],
  [BigInt64Array, "int64"],
  [Int32Array, "int32"],
  [Int16Array, "int16"],
  [Int8Array, "int8"],
  [Uint8Array, "uint8"],
];

/**
 * A new CPU tensor with a copy of `data`.
 *
 * @param data numbers, or the raw little-endian elements of `dtype`
 * @param shape default: one dimension
 * @param dtype default: the one of the typed array (plain numbers: float32)
 * @param pinned in memory that a device can copy from while the host goes on; needs a device
 * @throws ArgumentError where the bytes do not fill the shape, or a number does not fit an integer
 *   dtype.
 */
export function tensor(
  data: TensorData | readonly number[],
  shape?: readonly number[],
  dtype?: DType,
  pinned = false,
): Tensor {
  if (
    dtype !== undefined &&
    !(typeof dtype === "string" && Object.hasOwn(bytesPerElement, dtype))
  ) {
    throw new ArgumentError("tensor", "dtype", 'a dtype such as "float32"', describeValue(dtype));
  }
  if (isArray(data)) {
    const [values, natural] = numbersAs(data as readonly number[], dtype ?? "float32");
    return new Tensor(native.fromBytes(values, shape ?? [data.length], natural, pinned));
  }
  if (!ArrayBuffer.isView(data)) {
    throw new ArgumentError("tensor", "data", "numbers or a typed array", describeValue(data));
  }
  const natural = dtype ?? defaultDTypes.find(([type]) => data instanceof type)?.[1];
  if (natural === undefined) {
    const expected = `the dtype that the elements of ${describeValue(data)} stand for`;
    throw new ArgumentError("tensor", "dtype", expected, "undefined");
  }
  const length = data.byteLength / bytesPerElement[natural];
  return new Tensor(native.fromBytes(data, shape ?? [length], natural, pinned));
}

/** Smallest and largest number of each integer dtype; those of int64 are JavaScript's. */
const integerRanges: Partial<Record<DType, [number, number]>> = {
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
  bool: [0, 1],
};

function checkNumbers(data: readonly number[], dtype: DType): void {
  const [least, most] = integerRanges[dtype] ?? [];
  for (let i = 0; i < data.length; i++) {
    const value: unknown = data[i];
    const fits =
      typeof value === "number" &&
      (least === undefined || (Number.isInteger(value) && value >= least && value <= most!));
    if (fits) continue;
    const expected = least === undefined ? "a number" : `an integer from ${least} to ${most}`;
    throw new ArgumentError("tensor", `data[${i}]`, expected, describeValue(value));
  }
}

function numbersAs(data: readonly number[], dtype: DType): [TensorData, DType] {
  checkNumbers(data, dtype);
  switch (dtype) {
    case "int64":
      return [BigInt64Array.from(data, BigInt), dtype];
    case "int32":
      return [Int32Array.from(data), dtype];
    case "int16":
      return [Int16Array.from(data), dtype];
    case "int8":
      return [Int8Array.from(data), dtype];
    case "uint8":
    case "bool":
      return [Uint8Array.from(data), dtype];
    case "float64":
      return [Float64Array.from(data), dtype];
    case "float32":
      return [Float32Array.from(data), dtype];
    default:
      throw new ArgumentError(
        "tensor",
        "dtype",
        "a dtype that JavaScript numbers can be written in (make float32 and convert it with to())",
        describeValue(dtype),
      );
  }
}
