/** Starts commands of this program; words are never read by a shell. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../util/packageRoot.js";

/** How a command ended. */
export interface Finished {
  /** Null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Most characters that are kept of what a command prints. */
const mostText = 32 << 20;

const entry = () => join(packageRoot(), "dist/cli/main.js");

/**
 * Runs a command to its end.
 *
 * @param signal ends it early
 * @throws Error of the system where it cannot be started
 */
export async function runProgram(words: readonly string[], signal: AbortSignal): Promise<Finished> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [entry(), ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const stop = () => child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      if (texts[name].length < mostText) texts[name] += text;
    });
  }
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    signal.throwIfAborted();
    return { code, ...texts };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Starts a command that goes on when this process ends, in a session of its own.
 *
 * @param log file that gets what it prints
 */
export function startDetached(words: readonly string[], log: string): ChildProcess {
  const output = openSync(log, "a");
  try {
    const child = spawn(process.execPath, [entry(), ...words], {
      detached: true,
      stdio: ["ignore", output, output],
    });
    child.unref();
    return child;
  } finally {
    closeSync(output);
  }
}
