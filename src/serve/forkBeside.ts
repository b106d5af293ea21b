/** Processes of the server's own. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Starts the `main` beside a module as a process, from the build or, in tests, from the sources.
 *
 * @param moduleUrl `import.meta.url` of the module
 * @param stdout whether what it prints is shown
 */
export function forkBeside(moduleUrl: string, stdout: "inherit" | "ignore"): ChildProcess {
  const fromSource = moduleUrl.endsWith(".ts");
  const entry = new URL(fromSource ? "./main.ts" : "./main.js", moduleUrl);
  return fork(fileURLToPath(entry), [], {
    execArgv: fromSource ? ["--import", "tsx"] : [],
    stdio: ["ignore", stdout, "inherit", "ipc"],
  });
}
