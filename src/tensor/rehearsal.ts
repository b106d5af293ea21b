/**
 * A rehearsal: a computation on tensors without memory, which counts what the real one would take.
 * Everything above this folder runs as it does on the device that is rehearsed for, and cannot tell;
 * libtorch makes every tensor that it would make, on its `meta` device, where a tensor is a shape.
 */
import { operatorName } from "./dispatch.js";
import { bytesPerElement, type Device, type DType } from "./dtype.js";
import { type MetaMemory, type NativeAddon, native, type OperatorId } from "./native.js";
import { type Made, standIns } from "./standIns.js";

/** What the tensors of a rehearsal take, and took at the most, in bytes. */
export function rehearsedMemory(): MetaMemory {
  return native.metaMemory();
}

/** From here on the peak of {@link rehearsedMemory} counts anew. */
export function resetRehearsedPeak(): void {
  native.resetMetaPeak();
}

type Rehearsed = Pick<
  NativeAddon,
  | "call"
  | "fromBytes"
  | "describe"
  | "item"
  | "bytes"
  | "makeGenerator"
  | "synchronize"
  | "trim"
  | "emptyCache"
  | "bnbQuantizeBlockwise"
  | "bnbDequantizeBlockwise"
  | "bnbDequantizeNf4"
  | "bnbPrefetch"
  | "bnbPagedBytes"
>;

/**
 * Runs `body` with tensors that have no memory. It must free what it makes; values that it reads are
 * zeros.
 *
 * @param device what tensors say that they lie on
 */
export function rehearse<T>(device: Device, body: () => T): T {
  const before: Rehearsed = { ...native };
  Object.assign(native, withoutMemory(device, before));
  try {
    return body();
  } finally {
    Object.assign(native, before);
  }
}

function withoutMemory(device: Device, { call, describe, makeGenerator }: Rehearsed): Rehearsed {
  const empty = native.findOperator("aten::empty", "memory_format");
  const made: Made = {
    describe,
    empty: (shape, dtype) => call(empty, shape, dtype, undefined, "meta") as number,
    release: (tensor) => void native.release(tensor),
  };
  const nothing = () => {};
  return {
    call(operator, ...values) {
      const standIn = standIns[operatorName(operator)];
      return standIn ? standIn(values, made) : call(operator, ...onMeta(operator, values));
    },
    fromBytes: (_bytes, shape, dtype) => made.empty(shape, dtype),
    describe: (tensor) => {
      const described = describe(tensor);
      return described.device === "meta" ? { ...described, device } : described;
    },
    item: () => 0,
    bytes: (tensor) => new ArrayBuffer(bytesOf(describe(tensor))),
    makeGenerator: (_device, seed) => makeGenerator("cpu", seed),
    synchronize: nothing,
    trim: nothing,
    emptyCache: nothing,
    bnbQuantizeBlockwise: nothing,
    bnbDequantizeBlockwise: nothing,
    bnbDequantizeNf4: nothing,
    bnbPrefetch: nothing,
    bnbPagedBytes: (bytes) => made.empty([bytes], "uint8"),
  };
}

function bytesOf({ shape, dtype }: { shape: number[]; dtype: string }): number {
  const count = shape.reduce((product, size) => product * size, 1);
  return count * bytesPerElement[dtype as DType];
}

/** Of an operator: its device argument, and whether its result lies where its tensors do. */
interface Placing {
  device: number;
  follows: boolean;
}

const placings = new Map<OperatorId, Placing>();

function placingOf(operator: OperatorId): Placing {
  let placing = placings.get(operator);
  if (!placing) {
    const { arguments: all } = native.operatorSchema(operator);
    placing = {
      device: all.findIndex(({ name, type }) => name === "device" && type.startsWith("Device")),
      follows: all.some(({ type }) => type.startsWith("Tensor")),
    };
    placings.set(operator, placing);
  }
  return placing;
}

/** Arguments with every device replaced by `meta`. */
function onMeta(operator: OperatorId, values: unknown[]): unknown[] {
  const { device, follows } = placingOf(operator);
  if (device < 0 || (follows && values[device] === undefined)) return values;
  const changed = [...values];
  changed[device] = "meta";
  return changed;
}
