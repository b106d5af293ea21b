/** Progress messages of a download. */
import { standardError } from "../util/outlet.js";
import { showBytes } from "../util/showBytes.js";

export interface HubReport {
  /** A line that stays. */
  say(line: string): void;
  /** Bytes downloaded so far, and in total (undefined if not known). */
  progress(name: string, done: number, total: number | undefined): void;
  /** The download has ended. */
  end(): void;
}

const terminalInterval = 200;
const logInterval = 30_000;

/** Writes to stderr: on a terminal a line that is overwritten, in a log a line every 30 s. */
export function stderrReport(): HubReport {
  const stderr = standardError();
  const live = stderr.isTTY;
  let last = live ? 0 : Date.now();
  let shown = false;
  const clear = () => {
    if (shown) stderr.write("\r\u001b[K");
    shown = false;
  };
  return {
    say(line) {
      clear();
      stderr.write(`tunewright: ${line}\n`);
    },
    progress(name, done, total) {
      if (Date.now() - last < (live ? terminalInterval : logInterval)) return;
      last = Date.now();
      const whole = total === undefined ? "" : ` of ${showBytes(total)}`;
      const line = `${name}: ${showBytes(done)}${whole}`;
      stderr.write(live ? `\r\u001b[K${line}` : `tunewright: ${line}\n`);
      shown = live;
    },
    end: clear,
  };
}
