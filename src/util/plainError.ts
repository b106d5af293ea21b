/** Errors sent between threads: a structured clone loses their class, so its name is sent along. */
import * as errors from "./errors.js";

export interface PlainError {
  name: string;
  message: string;
  why?: string | undefined;
  todo?: string | undefined;
  stack?: string | undefined;
}

const classes = new Map<string, new (what: string, detail: errors.ErrorDetail) => Error>([
  ["ConfigError", errors.ConfigError],
  ["DataError", errors.DataError],
  ["ChangedDataError", errors.ChangedDataError],
  ["FormatError", errors.FormatError],
  ["CheckpointError", errors.CheckpointError],
  ["EnvironmentError", errors.EnvironmentError],
]);

/** The parts of an error that can be cloned. */
export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  const { why, todo } = error as Partial<errors.TunewrightError>;
  return { name, message, why, todo, stack };
}

/** Restores the error with its class, or as a plain `Error` if the class is not one of ours. */
export function revivedError({ name, message, why, todo, stack }: PlainError): Error {
  const Class = classes.get(name);
  const error = Class
    ? new Class(message, {
        ...(why === undefined ? {} : { why }),
        ...(todo === undefined ? {} : { todo }),
      })
    : new Error(message);
  if (!Class) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
