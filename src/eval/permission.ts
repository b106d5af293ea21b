/** Programs that a model writes run only where the user allows it. */
import { ConfigError } from "../util/errors.js";
import type { Task } from "./types.js";

/** @throws ConfigError for tasks whose judging runs code, without permission */
export function checkPermission(tasks: readonly Task[], allowCodeExecution = false): void {
  const running = tasks.find((task) => task.kind === "generation" && task.runsCode);
  if (!running || allowCodeExecution) return;
  throw new ConfigError(`${running.name} runs programs that the model writes`, {
    why: "its score is whether they pass their tests, and such a program can do anything",
    todo: "allow it with --allow-code-execution (they run in a sandbox), or leave the task out",
  });
}
