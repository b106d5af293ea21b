/**
 * The record of a computation, from which its gradients are made. Operations on {@link Value}s write
 * themselves down with a backward pass of their own, and {@link backward} plays the record from its
 * end. libtorch's autograd has no part in it.
 *
 * A value can be dropped and is computed again when a backward pass asks for it. Every operation
 * names what its backward pass reads, so a value that nobody reads, such as the output of the last
 * product before a residual sum, is neither kept nor ever computed twice.
 */
import { bytesPerElement, type DType, type Tensor, tidy } from "../tensor/index.js";
import { TunewrightError } from "../util/errors.js";

/** A tensor in a computation; of a recorded one it can be dropped and computed again. */
export interface Value {
  /** The record that it belongs to; null where no gradient is wanted. */
  readonly record: OperationRecord | null;
  /** Whether the loss depends on it through something that is trained. */
  readonly needsGradient: boolean;
  /** The operation that made it; null for an input. */
  readonly operation: Operation | null;
  /** Whether it is of a model that only answers; what is computed of it is too. */
  readonly inference: boolean;
  /** Data type in which it is computed with. */
  dtype: DType;
  /** The values, while they are in memory. */
  tensor: Tensor | null;
  /** What was kept of them for the backward pass, perhaps in a smaller data type. */
  note: Tensor | null;
  /** Sum of the gradients that have arrived. */
  gradient: Tensor | null;
}

/** An operation as its author describes it. */
export interface OperationDescription {
  inputs: readonly Value[];
  /**
   * `dear` results (products, attention) are kept where memory allows; `cheap` ones (norms,
   * rotations, activations) are computed again from their inputs where those are at hand.
   */
  cost: "dear" | "cheap";
  /** Whether a parameter is trained here, so that a backward pass is needed for its sake. */
  trains?: boolean;
  /** Computes the results from the inputs' tensors. */
  compute(): Tensor[];
  /** The inputs whose tensors `backward` reads. */
  reads?: readonly Value[];
  /** The results that `backward` reads, by position. */
  readsResults?: readonly number[];
  /** Results that are kept in the type they were computed in. */
  exact?: readonly number[];
  /**
   * Hands gradients on with {@link addGradient}, and adds to those of parameters ({@link gradientOf}).
   *
   * @param gradients of the results, null where none arrived
   * @param results for those that `readsResults` names
   */
  backward(gradients: readonly (Tensor | null)[], results: readonly Value[]): void;
}

interface Operation extends OperationDescription {
  results: readonly Value[];
  /** Everything that `backward` reads. */
  needed: readonly Value[];
}

/** Operations in the order in which they were computed. */
export interface OperationRecord {
  operations: Operation[];
  /** Gradients of parameters, by name, float32; a parameter without an entry is not trained. */
  gradients: ReadonlyMap<string, Tensor>;
  /** What {@link decide} made. */
  decisions: Tensor[];
  /** While a backward pass runs: what it has made and handed on. */
  handedOn: Tensor[];
  /** While a backward pass runs: the only values that it may read. */
  readable: ReadonlySet<Value> | null;
}

/** A record without operations. */
export function createRecord(gradients: ReadonlyMap<string, Tensor>): OperationRecord {
  return { operations: [], gradients, decisions: [], handedOn: [], readable: null };
}

/**
 * A value without a record: what is computed from it is not differentiated.
 *
 * @param inference whether nothing is trained meanwhile: steps may then be others than training's, as
 *   exact but not equal to the bit
 */
export function constant(tensor: Tensor, inference = false): Value {
  return {
    record: null,
    inference,
    needsGradient: false,
    operation: null,
    dtype: tensor.dtype,
    tensor,
    note: null,
    gradient: null,
  };
}

/**
 * An input of a recorded computation.
 *
 * @param stored its values; kept by the caller as long as the record
 * @param dtype data type to compute in
 */
export function recordedInput(
  record: OperationRecord,
  stored: Tensor,
  dtype: DType,
  needsGradient: boolean,
): Value {
  return { ...constant(stored), record, needsGradient, dtype, tensor: null, note: stored };
}

/** Whether the operators that do a whole step for rows of float32 numbers on a processor may take a value. */
export function isPlainRows({ inference, tensor }: Value): boolean {
  return inference && tensor!.dtype === "float32" && tensor!.device === "cpu";
}

/** Computes an operation, and writes it down where its inputs are recorded. */
export function operate(description: OperationDescription): Value[] {
  const record = description.inputs.find((input) => input.record)?.record ?? null;
  for (const input of description.inputs) tensorOf(input);
  const tensors = tidy(() => description.compute());
  if (!record) {
    const inference = description.inputs.some((input) => input.inference);
    return tensors.map((tensor) => constant(tensor, inference));
  }
  const needsGradient =
    (description.trains ?? false) || description.inputs.some((input) => input.needsGradient);
  const results: Value[] = [];
  const operation: Operation = { ...description, results, needed: [] };
  for (const tensor of tensors) {
    results.push({ ...constant(tensor), record, needsGradient, operation });
  }
  if (needsGradient) {
    const own = (description.readsResults ?? []).map((position) => results[position]!);
    operation.needed = [...(description.reads ?? []), ...own];
  }
  record.operations.push(operation);
  return results;
}

/**
 * Makes tensors that stay as long as the record, whatever the budget: choices, such as the experts of
 * a token, that would perhaps fall differently if they were made again from a rounded value.
 *
 * @param value in whose record they stay; without one they are the caller's
 */
export function decide(value: Value, compute: () => Tensor[]): Tensor[] {
  const made = tidy(compute);
  value.record?.decisions.push(...made);
  return made;
}

/** The tensor of a value, computed again where it was dropped. It stays the record's. */
export function tensorOf(value: Value): Tensor {
  const { record, operation } = value;
  if (record?.readable && !record.readable.has(value)) {
    throw new TunewrightError("a backward pass reads a value that its operation does not name", {
      todo: "name it in `reads` or `readsResults`",
    });
  }
  if (value.tensor) return value.tensor;
  if (value.note) {
    value.tensor = castTo(value.note, value.dtype);
    return value.tensor;
  }
  for (const input of operation!.inputs) tensorOf(input);
  const tensors = tidy(() => operation!.compute());
  operation!.results.forEach((result, i) => {
    result.tensor ??= tensors[i]!;
  });
  return value.tensor!;
}

/**
 * Adds to the gradient of a value.
 *
 * @param gradient a tensor of its own, not the one that arrived nor a part of it; the record's from
 *   now on
 */
export function addGradient(value: Value, gradient: Tensor): void {
  if (!value.needsGradient) return;
  if (value.gradient) {
    value.gradient.add_(gradient);
    return;
  }
  value.gradient = gradient;
  value.record!.handedOn.push(gradient);
}

/** Where the gradient of a parameter is summed, float32, or undefined where it is not trained. */
export function gradientOf(record: OperationRecord | null, name: string): Tensor | undefined {
  return record?.gradients.get(name);
}

/**
 * Chooses what a backward pass will need to have kept: dear values that somebody reads, and cheap
 * ones that could not be computed again from what is kept.
 */
function valuesToKeep(record: OperationRecord): Set<Value> {
  const read = new Set(record.operations.flatMap(({ needed }) => needed));
  const kept = new Set<Value>();
  const available = new Set<Value>();
  for (const { inputs, results, cost } of record.operations) {
    const again =
      cost === "cheap" && inputs.every((input) => !input.operation || available.has(input));
    for (const result of results) {
      if (!again && read.has(result)) kept.add(result);
      if (again || kept.has(result)) available.add(result);
    }
  }
  return kept;
}

function castTo(tensor: Tensor, dtype: DType): Tensor {
  return tensor.dtype === dtype ? tensor : tensor.to({ dtype });
}

/** The states of a kernel's generator have types of eight bytes that no number is computed in. */
function bytesOf(tensor: Tensor, dtype: DType): number {
  return tensor.numel * (bytesPerElement[dtype] ?? 8);
}

/** Bytes that may still be spent on kept values. */
export interface KeepBudget {
  bytes: number;
}

/**
 * Ends the forward pass of a record: keeps what {@link backward} will read, as far as the budget
 * allows, and forgets the rest, which is computed again when it is asked for. Tensors that are not
 * kept are freed by the `tidy` around the forward pass.
 *
 * @param dtype data type of what is kept; that of the residual stream, half of float32
 * @returns the notes, to be returned from the `tidy` around, and the bytes they took of the budget
 */
export function dropValues(
  record: OperationRecord,
  dtype: DType,
  budget: KeepBudget,
): { notes: Tensor[]; bytes: number } {
  const kept = [...valuesToKeep(record)].map((value) => {
    const { operation, tensor } = value;
    const exact = operation!.exact?.includes(operation!.results.indexOf(value)) ?? false;
    return { value, tensor: tensor!, dtype: exact ? tensor!.dtype : dtype };
  });
  const bytes = kept.reduce((sum, one) => sum + bytesOf(one.tensor, one.dtype), 0);
  const decided = record.decisions.reduce((sum, one) => sum + bytesOf(one, one.dtype), 0);
  const fits = bytes + decided <= budget.bytes;
  const spent = fits ? bytes + decided : decided;
  const notes: Tensor[] = [...record.decisions];
  budget.bytes -= spent;
  if (fits) {
    for (const { value, tensor, dtype } of kept) {
      value.note = tidy(() => castTo(tensor, dtype).contiguous());
      notes.push(value.note);
    }
  }
  for (const { inputs, results } of record.operations) {
    for (const value of [...inputs, ...results]) if (value.record) value.tensor = null;
  }
  return { notes, bytes: spent };
}

/**
 * Plays a record from its end: gradients of parameters are added to the record's, and those of its
 * inputs are left in their `gradient`. Call within `tidy`.
 *
 * @param output the value that the gradient belongs to
 * @param gradient in the output's data type; disposed
 */
export function backward(record: OperationRecord, output: Value, gradient: Tensor): void {
  if (output.needsGradient) output.gradient = gradient;
  else gradient.dispose();
  for (let i = record.operations.length - 1; i >= 0; i--) {
    const operation = record.operations[i]!;
    const { results, needed } = operation;
    const gradients = results.map((result) => result.gradient);
    if (gradients.some((one) => one !== null)) {
      for (const value of needed) tensorOf(value);
      tidy(() => {
        record.readable = new Set(needed);
        try {
          operation.backward(gradients, results);
        } finally {
          record.readable = null;
        }
        return record.handedOn.splice(0);
      });
    }
    // Whoever reads these has been played already.
    for (const result of results) {
      result.gradient?.dispose();
      result.tensor?.dispose();
      result.note?.dispose();
      result.gradient = result.tensor = result.note = null;
    }
  }
}
