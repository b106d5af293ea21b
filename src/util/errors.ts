/**
 * All errors that Tunewright throws on purpose. A message has up to three parts: what happened, why,
 * and what to do. The command line prints each on its own line; the class determines the exit code.
 */

/** The parts of a {@link TunewrightError} besides its first line. */
export interface ErrorDetail {
  /** Why it happened, one line. */
  why?: string;
  /** What the user can do about it, one line. */
  todo?: string;
  cause?: unknown;
  /** Further problems that were found at the same time, each of which would have ended the job. */
  others?: readonly TunewrightError[];
}

export class TunewrightError extends Error {
  /** Stable name of the kind of error, to search for. */
  readonly code: string = "TUNEWRIGHT";
  /** Exit code of the command line when this error ends it. */
  readonly exitCode: number = 1;
  readonly why: string | undefined;
  readonly todo: string | undefined;
  readonly others: readonly TunewrightError[];

  constructor(what: string, detail: ErrorDetail = {}) {
    super(what, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = new.target.name;
    this.why = detail.why;
    this.todo = detail.todo;
    this.others = detail.others ?? [];
  }
}

/** Wrong flag, unknown or contradictory configuration key. */
export class ConfigError extends TunewrightError {
  override readonly code = "CONFIG";
  override readonly exitCode = 2;
}

/** Several problems as one error: the first, in its class, which holds the others. */
export function joinErrors<Problem extends TunewrightError>(errors: readonly Problem[]): Problem {
  const [first, ...others] = errors;
  if (!first) throw new RangeError("there is no error to join");
  const Class = first.constructor as new (what: string, detail: ErrorDetail) => Problem;
  const { message, why, todo, cause } = first;
  return new Class(message, {
    ...(why === undefined ? {} : { why }),
    ...(todo === undefined ? {} : { todo }),
    ...(cause === undefined ? {} : { cause }),
    others,
  });
}

/** A data file, row or label that cannot be trained on. */
export class DataError extends TunewrightError {
  override readonly code = "DATA";
  override readonly exitCode = 3;
}

/** A data file that is not what it was when reading began: no DataError, since no row is to blame. */
export class ChangedDataError extends TunewrightError {
  override readonly code = "CHANGED";
  override readonly exitCode = 3;
}

/** A model or weight file (safetensors, GGUF, config.json, tokenizer) that cannot be used. */
export class FormatError extends TunewrightError {
  override readonly code = "FORMAT";
  override readonly exitCode = 3;
}

/** A checkpoint that is missing, damaged or belongs to another run. */
export class CheckpointError extends TunewrightError {
  override readonly code = "CHECKPOINT";
  override readonly exitCode = 3;
}

/** Something that is missing or does not work on this machine. */
export class EnvironmentError extends TunewrightError {
  override readonly code = "ENVIRONMENT";
}

/** A native operator was called wrongly or failed; names the operator. */
export class NativeError extends TunewrightError {
  override readonly code: string = "NATIVE";
  readonly operator: string;

  constructor(operator: string, what: string, detail: ErrorDetail = {}) {
    super(what, detail);
    this.operator = operator;
  }
}

/** A native operator was refused memory, by the host or by a device. */
export class OutOfMemoryError extends NativeError {
  override readonly code: string = "OUT_OF_MEMORY";
}

/** One argument of a native call has the wrong type or value. */
export class ArgumentError extends NativeError {
  override readonly code = "ARGUMENT";
  readonly argument: string;
  readonly expected: string;
  readonly got: string;

  constructor(operator: string, argument: string, expected: string, got: string) {
    super(operator, `${operator}: expected \`${argument}\` to be ${expected}, got ${got}`);
    this.argument = argument;
    this.expected = expected;
    this.got = got;
  }
}

/** A tensor was used after `dispose()` or after the `tidy` that made it ended. */
export class UseAfterFreeError extends TunewrightError {
  override readonly code = "USE_AFTER_FREE";
}

/** One line for an error or a row that was left out: what happened, with the reason in parentheses. */
export function withWhy(what: string, why: string | undefined): string {
  return why ? `${what} (${why})` : what;
}
