/**
 * The way to standard output and standard error: writing there never throws, whatever has become of the
 * reader, because the pipe is closed, the terminal is gone or the disk is full.
 */
import { constants, openSync, writeSync } from "node:fs";
import { constants as system } from "node:os";
import { type ProcessAddon, processAddon } from "./processAddon.js";
import { receivedSignal } from "./signals.js";

/** A place to write text to. Writing never throws. */
export interface Outlet {
  readonly isTTY: boolean;
  /** Width of a terminal; 80 where it is none, or does not tell. */
  readonly columns: number;
  /** Whether whatever is written is lost for good: nobody reads any more. */
  readonly closed: boolean;
  /** The first error that lost a part of what was written and that is nobody's wish. */
  readonly error: string | undefined;
  write(text: string): void;
  /**
   * Hands over what waits.
   * @param patience milliseconds without progress after which the rest is given up
   */
  flush(patience: number): void;
}

export interface OutletOptions {
  /** Whether a write waits for the reader; else it keeps up to {@link mostPending} bytes for it. */
  waits: boolean;
}

/** Bytes that wait for a slow reader; what comes then is left out. */
const mostPending = 2 ** 20;

/** Milliseconds between tries to hand over what waits. */
const retryInterval = 100;

/** A reader that went away is a reader's right: a closed pipe, a terminal that hung up. */
const goneErrors: readonly number[] = [
  system.errno.EPIPE,
  system.errno.EIO,
  system.errno.ENXIO,
  system.errno.EBADF,
  system.errno.ECONNRESET,
];

/** @param descriptor 1 or 2 */
export function openOutlet(descriptor: number, { waits }: OutletOptions): Outlet {
  const addon = loadedAddon();
  const file = addon.columns(descriptor) === 0 ? descriptor : openTerminal(descriptor);
  let pending: Buffer[] = [];
  let offset = 0;
  let bytes = 0;
  let leftOut = 0;
  let closed = false;
  let error: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  const drop = () => {
    pending = [];
    offset = 0;
    bytes = 0;
  };
  const fail = (number: number) => {
    if (goneErrors.includes(number)) closed = true;
    else {
      error ??= `${errorName(number)} on standard ${descriptor === 1 ? "output" : "error"}`;
      leftOut += pending.length;
    }
    drop();
  };
  /** Writes what waits until the reader takes no more for `wait` milliseconds. */
  const drain = (wait: number): boolean => {
    for (let first = pending[0]; first; first = pending[0]) {
      const written = addon.write(first, file, offset, wait);
      if (written === 0 && first.length > offset) return false;
      if (written < 0) {
        fail(-written);
        return true;
      }
      offset += written;
      bytes -= written;
      if (offset < first.length) continue;
      pending.shift();
      offset = 0;
    }
    return true;
  };
  const retry = () => {
    if (!drain(0)) return;
    clearInterval(timer);
    timer = undefined;
  };
  const flush = (patience: number) => {
    const step = Math.min(retryInterval, patience);
    let waited = 0;
    let left = bytes;
    while (!drain(step)) {
      waited = bytes < left ? 0 : waited + step;
      left = bytes;
      if (waited >= patience || (patience > retryInterval && receivedNow())) return drop();
    }
  };

  return {
    isTTY: addon.columns(descriptor) !== 0,
    get columns() {
      const columns = addon.columns(descriptor);
      return columns > 0 ? columns : 80;
    },
    get closed() {
      return closed;
    },
    get error() {
      return error;
    },
    write(text) {
      if (closed || text === "") return;
      if (!waits && bytes > mostPending) {
        leftOut++;
        return;
      }
      const missing = leftOut > 0 ? leftOutLine(leftOut) : "";
      leftOut = 0;
      const added = Buffer.from(missing + text, "utf8");
      pending.push(added);
      bytes += added.length;
      if (waits) flush(Number.POSITIVE_INFINITY);
      else if (!drain(0)) timer ??= setInterval(retry, retryInterval).unref();
    },
    flush,
  };
}

function leftOutLine(count: number): string {
  return `\n… ${count} ${count === 1 ? "message is" : "messages are"} missing here: they could not be shown\n`;
}

/** A terminal that was stopped takes a part of a line and then waits; opened anew it refuses. */
function openTerminal(descriptor: number): number {
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return descriptor; // another user's terminal, or one of another container
  }
}

function errorName(number: number): string {
  return Object.entries(system.errno).find(([, value]) => value === number)?.[0] ?? `${number}`;
}

/** Without set-up there is no addon, and `doctor` still has to say so. */
function loadedAddon(): Pick<ProcessAddon, "write" | "columns"> {
  try {
    return processAddon();
  } catch {
    return {
      columns: () => 0,
      write(bytes, descriptor, offset) {
        try {
          return writeSync(descriptor, bytes, offset);
        } catch (error) {
          return (error as NodeJS.ErrnoException).errno ?? -system.errno.EIO;
        }
      },
    };
  }
}

function receivedNow(): boolean {
  try {
    return receivedSignal() !== 0;
  } catch {
    return false;
  }
}

let errorOutlet: Outlet | undefined;

/** Standard error, opened once: a display, for which nothing waits. */
export function standardError(): Outlet {
  errorOutlet ??= openOutlet(2, { waits: false });
  return errorOutlet;
}
