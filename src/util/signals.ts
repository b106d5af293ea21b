/**
 * Signals. A program that may be left at any time ends at once with {@link stoppedExitCode}; one that
 * has something to save has the signal noted, and looks for it wherever it can stop. Both work while
 * JavaScript does not run, since one operation may take longer than a scheduler waits.
 */
import { constants } from "node:os";
import { TunewrightError } from "./errors.js";
import { processAddon, type SignalMode, signalModes } from "./processAddon.js";

/** Exit code of a process that a signal stopped, after what was to be saved was saved. */
export const stoppedExitCode = 130;

/** Thrown where a signal asks to stop. */
export class Interrupted extends TunewrightError {
  override readonly code = "INTERRUPTED";
  override readonly exitCode = stoppedExitCode;
}

/** The variable in which the launcher hands on what Node takes back when it starts. */
const ignoredVariable = "TUNEWRIGHT_IGNORED_SIGNALS";

/** The signals that were ignored when the program began, as a number of 64 bits. */
function ignoredSignals(environment: NodeJS.ProcessEnv): bigint {
  const text = environment[ignoredVariable] ?? "";
  return /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : 0n;
}

/** Whether {@link exitOnSignals} has begun: without set-up it has not. */
let isWatching = false;

/**
 * From here on SIGINT, SIGTERM, SIGHUP and SIGXCPU end the process with {@link stoppedExitCode}, and
 * SIGUSR1 and SIGUSR2 do nothing; those that were ignored stay ignored. For a program's first line.
 *
 * @throws EnvironmentError without set-up
 */
export function exitOnSignals(environment: NodeJS.ProcessEnv): void {
  const mask = ignoredSignals(environment);
  const addon = processAddon();
  addon.ignore(Number(mask & 0xffffffffn), Number(mask >> 32n));
  addon.setMode(signalModes.exit);
  isWatching = true;
}

/**
 * From here on signals are noted, for {@link receivedSignal} and {@link saveRequests}. A second SIGINT
 * that comes a second or more after the first still ends the process.
 *
 * @returns ends that, unless a signal to stop has come: one more, sent by a launcher and a scheduler
 *   both, must not end the process between what it saves and its exit code
 */
export function noteSignals(): () => void {
  const addon = processAddon();
  const before: SignalMode = addon.setMode(signalModes.note);
  return () => {
    if (addon.receivedSignal() === 0) addon.setMode(before);
  };
}

/** Ends the process with `code` where its terminal is gone; for the end of a program. */
export function endIfHungUp(code: number): void {
  if (isWatching) processAddon().endIfHungUp(code);
}

/** The number of the signal to stop that was noted first, or 0. */
export function receivedSignal(): number {
  return processAddon().receivedSignal();
}

/** How many signals have asked to save and go on (SIGUSR1, SIGUSR2). */
export function saveRequests(): number {
  return processAddon().saveRequests();
}

/** The name of a signal, such as `SIGTERM`. */
export function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `signal ${number}`;
}

/** Stops where a signal has come: given to whatever takes long. @throws Interrupted */
export function stopIfAsked(): void {
  const signal = receivedSignal();
  if (signal !== 0) throw new Interrupted(`stopped by ${signalName(signal)}`);
}

/** Milliseconds between looks for a signal while something else is waited for. */
const lookInterval = 100;

/**
 * {@link noteSignals} for a program that is told by an `AbortSignal`.
 *
 * @returns `signal`, aborted with {@link Interrupted} where a signal came; `done` ends the watching
 */
export function abortOnSignals(): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const end = noteSignals();
  const timer = setInterval(() => {
    const signal = receivedSignal();
    if (signal !== 0) controller.abort(new Interrupted(`stopped by ${signalName(signal)}`));
  }, lookInterval);
  timer.unref();
  return {
    signal: controller.signal,
    done() {
      clearInterval(timer);
      end();
    },
  };
}

/**
 * Has `handler` called on signals, for a program that talks with somebody. Not for those that were
 * ignored when the program began.
 *
 * @returns takes the handler away
 */
export function handleSignals(
  names: readonly NodeJS.Signals[],
  handler: () => void,
  environment: NodeJS.ProcessEnv = process.env,
): () => void {
  const mask = ignoredSignals(environment);
  const heard = names.filter((name) => ((mask >> BigInt(constants.signals[name] - 1)) & 1n) === 0n);
  for (const name of heard) process.on(name, handler);
  return () => {
    for (const name of heard) process.removeListener(name, handler);
    processAddon().rearm();
  };
}
