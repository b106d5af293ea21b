/** What an error prints on stderr, and its exit code. */
import { CommanderError } from "commander";
import { TunewrightError } from "../util/errors.js";
import { explainSystemError } from "../util/systemErrors.js";
import { visibleText } from "../util/visibleText.js";

/** Exit code for bad arguments, as for bad configuration. */
const BAD_ARGUMENTS = 2;

export interface ErrorReport {
  /** What to print on stderr; empty where it has been printed already. */
  lines: string[];
  exitCode: number;
}

/**
 * Turns anything that was thrown into lines and an exit code.
 *
 * @param thrown what it is
 * @param debug whether to show stacks (`--debug`)
 */
export function reportError(thrown: unknown, debug: boolean): ErrorReport {
  const error = explainSystemError(thrown) ?? thrown;
  if (error instanceof CommanderError) {
    // Commander has printed its message; its help and version "errors" carry 0.
    return { lines: [], exitCode: error.exitCode === 0 ? 0 : BAD_ARGUMENTS };
  }
  const stack = debug && error instanceof Error && error.stack ? error.stack.split("\n") : [];
  if (error instanceof TunewrightError) {
    const lines = [error, ...error.others].flatMap(describe);
    return { lines: [...lines, ...withCauses(error, stack)], exitCode: error.exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  const what = `error: ${message.split("\n")[0] || "unknown failure"}`;
  if (debug) return { lines: [what, ...withCauses(error, stack)], exitCode: 1 };
  return { lines: [`${what} (unexpected; use --debug to see the stack)`], exitCode: 1 };
}

/** What happened, why, and what to do. */
function describe({ message, why, todo }: TunewrightError): string[] {
  // Messages quote data, whose control characters must not steer the terminal.
  const lines = [`error: ${visibleText(message)}`];
  if (why) lines.push(`  why: ${visibleText(why)}`);
  if (todo) lines.push(`  to do: ${visibleText(todo)}`);
  return lines;
}

/** The stack, and those of the errors that caused it; nothing without a stack. */
function withCauses(error: unknown, stack: string[]): string[] {
  if (stack.length === 0) return [];
  const lines = [...stack];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause instanceof Error) {
    lines.push(...`caused by ${cause.stack ?? cause.message}`.split("\n"));
    cause = cause.cause;
  }
  return lines;
}
