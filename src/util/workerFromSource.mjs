/** Starts workerMain.ts where the program runs from its sources (tests, scripts), not from a build. */
import { register } from "tsx/esm/api";

register();
await import("./workerMain.ts");
