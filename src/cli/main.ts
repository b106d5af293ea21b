/** Entry of the `tunewright` program: from its first line on, a signal ends it with the right code. */
import { exitOnSignals } from "../util/signals.js";

try {
  exitOnSignals(process.env);
} catch {
  // Without set-up, signals do what the system does; `doctor` says what is missing.
}

const { run } = await import("./program.js");
await run(process.argv.slice(2));
