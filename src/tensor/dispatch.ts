/** What the generated operators share: lookup by name, arguments out of tensors, results into them. */
import { ArgumentError } from "../util/errors.js";
import { describeValue, isArray } from "./describe.js";
import { native, type OperatorId } from "./native.js";
import { forgetShape, Tensor } from "./tensor.js";

export { native };

/** An operator that is looked up when it is first called. */
export interface LazyOperator {
  name: string;
  overload: string;
  id: OperatorId;
}

export function operator(name: string, overload: string): LazyOperator {
  return { name, overload, id: -1 };
}

const names = new Map<OperatorId, string>();

export function id(op: LazyOperator): OperatorId {
  if (op.id < 0) {
    op.id = native.findOperator(op.name, op.overload);
    names.set(op.id, op.name.replace(/^aten::/, ""));
  }
  return op.id;
}

/** The name of an operator that was called before, as in libtorch without `aten::`. */
export function operatorName(operator: OperatorId): string {
  return names.get(operator) ?? `operator ${operator}`;
}

export function isTensor(value: unknown): value is Tensor {
  // A proxy may throw from its traps.
  try {
    return value instanceof Tensor;
  } catch {
    return false;
  }
}

/**
 * The handle of a tensor. Anything else goes through as it is, for the addon to refuse with the
 * names of operator and argument; a plain number is boxed so that it cannot pass for a handle.
 */
export function handle(value: unknown): unknown {
  if (isTensor(value)) return value.handle;
  return typeof value === "number" ? Object(value) : value;
}

export function handles(value: unknown): unknown {
  return isArray(value) ? value.map(handle) : handle(value);
}

/** `value`, checked where the addon does not do it. */
export function tensorList(op: string, argument: string, value: unknown): readonly Tensor[] {
  if (!isArray(value))
    throw new ArgumentError(op, argument, "an array of Tensors", describeValue(value));
  value.forEach((element, i) => {
    if (!isTensor(element)) {
      throw new ArgumentError(op, `${argument}[${i}]`, "a Tensor", describeValue(element));
    }
  });
  return value as readonly Tensor[];
}

/** PyTorch's `int[1]` arguments also take one number. */
export function integers(value: unknown): unknown {
  return typeof value === "number" ? [value] : value;
}

export function wrap(result: unknown): Tensor {
  return new Tensor(result as number);
}

export function wrapOptional(result: unknown): Tensor | null {
  return typeof result === "number" ? new Tensor(result) : null;
}

export function wrapAll(result: unknown): Tensor[] {
  return (result as number[]).map(wrap);
}

/** `out` after an operator wrote to it: it may have been given another shape. */
export function rewritten(out: Tensor): Tensor {
  forgetShape(out);
  return out;
}

/** Keyword arguments must come as an object. */
export function keywords<T extends object>(op: { name: string }, value: T | undefined): T {
  if (value === undefined) return {} as T;
  if (value === null || typeof value !== "object" || isTensor(value)) {
    throw new ArgumentError(
      op.name.replace(/^aten::/, ""),
      "options",
      "an object",
      describeValue(value),
    );
  }
  return value;
}
