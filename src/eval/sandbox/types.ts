/** What the sandbox offers. */

/**
 * How a program is held. `namespaces`: no other process, network or file of the machine exists for it.
 * `landlock`: they exist, but it cannot reach them. System calls and resources are limited in both.
 */
export type SandboxLevel = "namespaces" | "landlock";

export interface RunOptions {
  /** Wall time of the program; default 3. */
  timeoutSeconds?: number | undefined;
  /** Address space of its process; default 1 GiB. */
  memoryBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface ProgramResult {
  /** Whether the program came to its end in time, without an exception. */
  passed: boolean;
  outcome: "passed" | "failed" | "timed out" | "out of memory" | "killed";
  /** Type and text of the exception, or what ended the process; empty where it passed. */
  detail: string;
}

/** A place where Python programs run and leave nothing behind. */
export interface Sandbox {
  level: SandboxLevel;
  /** For results and reports: Python, its version, numpy's, and the level. */
  description: string;
  /** Runs a program; at most four run at once, others wait. */
  run(program: string, options?: RunOptions): Promise<ProgramResult>;
}
