/** What can go wrong in a template, under the names that Python and Jinja2 give it. */

/** What a template itself refused by `raise_exception`. */
export class TemplateRefusal extends Error {}

/** A template that cannot be parsed or compiled. */
export class TemplateSyntaxError extends Error {
  constructor(
    message: string,
    /** Line of the template, from 1. */
    readonly line: number,
  ) {
    super(`${message} (line ${line})`);
  }
}

/** Names of Python's and Jinja2's exceptions that a template can raise. */
export type ErrorKind =
  | "AssertionError"
  | "AttributeError"
  | "FilterArgumentError"
  | "IndexError"
  | "KeyError"
  | "OverflowError"
  | "RecursionError"
  | "RuntimeError"
  | "SecurityError"
  | "TemplateRuntimeError"
  | "TypeError"
  | "UndefinedError"
  | "Unsupported"
  | "ValueError"
  | "ZeroDivisionError";

/** An exception while a template is rendered. The message gets the template's line where it leaves a statement. */
export class TemplateError extends Error {
  located = false;
  constructor(
    readonly kind: ErrorKind,
    message: string,
  ) {
    super(message);
  }
}

export const typeError = (message: string): TemplateError =>
  new TemplateError("TypeError", message);
export const attributeError = (message: string): TemplateError =>
  new TemplateError("AttributeError", message);
export const valueError = (message: string): TemplateError =>
  new TemplateError("ValueError", message);

/** What Python would print as a memory address or do at random: no two renderings are equal there. */
export const unsupported = (message: string): TemplateError =>
  new TemplateError("Unsupported", message);

/** Whether an error is one of these; errors of other kinds pass through a `catch` untouched. */
export function isError(error: unknown, ...kinds: readonly ErrorKind[]): error is TemplateError {
  return error instanceof TemplateError && kinds.includes(error.kind);
}

/** Adds the line of the statement in which an error arose, once. */
export function atLine(error: unknown, line: number): unknown {
  if (error instanceof RangeError)
    return atLine(new TemplateError("RecursionError", error.message), line);
  if (error instanceof TemplateError && !error.located) {
    error.located = true;
    error.message = `${error.kind}: ${error.message} (line ${line} of the template)`;
  }
  return error;
}
