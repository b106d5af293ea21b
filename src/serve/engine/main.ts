/** Entry of the engine's process: it owns the tensors, and does what the HTTP process asks of it. */

import type { FromEngine, ToEngine } from "./protocol.js";
import { createWorker } from "./worker.js";

const parent = process.ppid;

// A terminal sends its signals to both processes; the HTTP process decides when this one ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit(0));

const worker = createWorker({
  tell(message: FromEngine) {
    if (process.connected) process.send!(message, undefined, {}, () => {});
  },
  // Without the HTTP process there is nobody to work for; a long load would not hear that it is gone.
  endIfOrphan() {
    if (process.ppid !== parent) process.exit(0);
  },
});
process.on("message", (message) => worker.hear(message as ToEngine));
worker.begin();
