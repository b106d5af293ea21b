/**
 * What the program says. Standard output carries what was asked for, so it waits for its reader.
 * Standard error is a display: work never waits for whoever looks at it, and goes on where nobody does.
 */
import { TunewrightError } from "../util/errors.js";
import { type Outlet, openOutlet, standardError } from "../util/outlet.js";

/** Standard output: what was asked for. */
export const stdout: Outlet = openOutlet(1, { waits: true });

/** Standard error: progress, notes, errors. */
export const stderr: Outlet = standardError();

/** Standard output where it tells a story while something is done: see `demo`. */
export function openStage(): Outlet {
  stage ??= openOutlet(1, { waits: false });
  return stage;
}

let stage: Outlet | undefined;

/** Milliseconds that the last words wait for a reader that does not read. */
const lastPatience = 3000;

/**
 * Hands over what is left to say, at the end of the program.
 *
 * @returns why a part of what was asked for could not be written; nothing where its reader went away
 */
export function flushOutput(): TunewrightError | undefined {
  stage?.flush(lastPatience);
  stderr.flush(lastPatience);
  const why = stdout.error ?? stage?.error;
  if (why === undefined) return undefined;
  return new TunewrightError("a part of the output is lost", {
    why,
    todo: "free some space, or send standard output elsewhere",
  });
}
