/** A progress line on stderr that is overwritten. */
import { stderr } from "../output.js";

export interface ProgressLine {
  show(text: string): void;
  /** Removes the line. */
  clear(): void;
}

const intervalMs = 200;

/** Shows nothing unless stderr is a terminal. */
export function progressLine(): ProgressLine {
  let last = 0;
  return {
    show(text) {
      if (!stderr.isTTY || Date.now() - last < intervalMs) return;
      last = Date.now();
      stderr.write(`\r\u001b[K${text}`);
    },
    clear() {
      if (stderr.isTTY && last > 0) stderr.write("\r\u001b[K");
    },
  };
}
