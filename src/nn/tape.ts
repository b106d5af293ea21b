/**
 * Outputs of the expensive steps of a branch. The forward pass notes them in the data type of the
 * residual stream (half the memory, and faster than float32 for it); when the backward pass
 * computes the branch again, they are read back, and only cheap steps (norms, rotations,
 * activations) are done twice.
 */
import { type DType, keep, type Tensor } from "../tensor/index.js";

/** The notes of one branch for one group of sequences. */
export interface Tape {
  /** Data type of the notes. */
  dtype: DType;
  entries: Tensor[];
  /** Next entry to read, or null while the forward pass writes. */
  next: number | null;
}

/** An empty tape, for the forward pass to write. */
export function newTape(dtype: DType): Tape {
  return { dtype, entries: [], next: null };
}

/**
 * The output of a step: noted on the first pass, read back on the second.
 *
 * @param dtype the data type that `compute` gives and that is read back
 * @param noted the data type of the note; by default that of the tape
 */
export function remembered(
  tape: Tape | undefined,
  dtype: DType,
  compute: () => Tensor,
  noted?: DType,
): Tensor {
  if (!tape) return compute();
  if (tape.next !== null) {
    const entry = tape.entries[tape.next]!;
    tape.next += 1;
    return entry.to({ dtype });
  }
  const value = compute();
  tape.entries.push(keep(value.to({ dtype: noted ?? tape.dtype })));
  return value;
}
