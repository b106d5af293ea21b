/** Runs Python programs that a model wrote, so that they can do no harm. */
export { openSandbox, type SandboxOptions } from "./open.js";
export type { ProgramResult, RunOptions, Sandbox, SandboxLevel } from "./types.js";
