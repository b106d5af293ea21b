/** Entry of the `tunewright` program: from its first line on, a signal ends it with the right code. */
import { writeSync } from "node:fs";
import { exitOnSignals } from "../util/signals.js";

try {
  exitOnSignals(process.env);
} catch {
  // Without set-up, signals do what the system does; `doctor` says what is missing.
}

try {
  const { run } = await import("./program.js");
  await run(process.argv.slice(2));
} catch (error) {
  // The program's own files cannot be read: too many are open, or a part of the checkout is missing.
  try {
    const { reportError } = await import("./errors.js");
    const { lines, exitCode } = reportError(error, process.argv.includes("--debug"));
    writeSync(2, `${lines.join("\n")}\n`);
    process.exitCode = exitCode;
  } catch {
    const why = error instanceof Error ? error.message : String(error);
    const todo =
      "set it up again (./tunewright setup), or raise the limit of open files (ulimit -n)";
    writeSync(2, `error: the program cannot be loaded\n  why: ${why}\n  to do: ${todo}\n`);
    process.exitCode = 1;
  }
}
