/** The program as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";

const main = path.resolve(import.meta.dirname, "../../dist/cli/main.js");

/** How it ended, and what it printed. */
export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/**
 * @param onError gets all that stderr has so far, whenever there is more
 * @param onStart gets the process as it begins
 */
export function tunewright(
  words: readonly string[],
  onError: (text: string, child: ChildProcess) => void = () => {},
  onStart: (child: ChildProcess) => void = () => {},
): Promise<Finished> {
  const child = spawn(process.execPath, [main, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  onStart(child);
  const texts = { stdout: "", stderr: "" };
  child.stdout.on("data", (text) => {
    texts.stdout += text;
  });
  child.stderr.on("data", (text) => {
    texts.stderr += text;
    onError(texts.stderr, child);
  });
  return new Promise((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, ...texts }));
  });
}
