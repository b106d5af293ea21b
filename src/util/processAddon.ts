/** The addon in native/process: signals, and output that waits for nobody. */
import { loadSmallAddon } from "./smallAddon.js";

/** What a signal that asks to stop does: what the system does, end the process, or be noted. */
export const signalModes = { off: 0, exit: 1, note: 2 } as const;

export type SignalMode = (typeof signalModes)[keyof typeof signalModes];

export interface ProcessAddon {
  /** Signals that stay ignored, as two times 32 bits. */
  ignore(low: number, high: number): void;
  /** @returns the mode before */
  setMode(mode: SignalMode): SignalMode;
  /** Takes the signals back after a handler of Node's was removed. */
  rearm(): void;
  /** Ends the process, with this exit code, where one of its terminals is gone: Node would abort. */
  endIfHungUp(code: number): void;
  /** The first signal that asked to stop and was noted, or 0. */
  receivedSignal(): number;
  /** How many signals have asked to save. */
  saveRequests(): number;
  /** @returns bytes written, 0 where the descriptor takes none in time, or a negative errno */
  write(bytes: Buffer, descriptor: number, offset: number, milliseconds: number): number;
  /** Width of a terminal, 0 where it is none, -1 where it does not tell. */
  columns(descriptor: number): number;
}

let addon: ProcessAddon | undefined;

/** @throws EnvironmentError where set-up has not compiled it */
export function processAddon(): ProcessAddon {
  addon ??= loadSmallAddon<ProcessAddon>("processAddon", "the addon for signals and output");
  return addon;
}
