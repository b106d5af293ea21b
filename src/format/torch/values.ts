/** What a pickle of tensors is made of. */
import type { WeightDType } from "../weights.js";

/** A name of Python's that stands for one of the few things that are understood. */
export interface Global {
  kind: "global";
  /** Such as `torch.FloatStorage`. */
  name: string;
}

/** Values of one type in the file, of which tensors are views. */
export interface Storage {
  kind: "storage";
  key: string;
  dtype: WeightDType;
  /** Number of values. */
  count: number;
}

/** A view of a storage; offset and strides count values. */
export interface StoredTensor {
  kind: "tensor";
  storage: Storage;
  offset: number;
  shape: number[];
  strides: number[];
}

/** Lists and tuples are both arrays; dictionaries, ordered or not, are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | PickleMap
  | Global
  | Storage
  | StoredTensor;

export type PickleMap = Map<string | number, PickleValue>;

/** Whether a value is one of the three kinds of objects. */
export function isKind<Kind extends (Global | Storage | StoredTensor)["kind"]>(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<Global | Storage | StoredTensor, { kind: Kind }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}
