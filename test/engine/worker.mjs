// Starts worker.ts in a worker thread, where `--import tsx` has no effect.
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
