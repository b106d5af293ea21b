/** Finds the task that samples came from, where it is one that comes with the program. */
import { benchmarks } from "../registry.js";
import type { Protocol, Task } from "../types.js";

const tasks = new Map<Protocol, ReadonlyMap<string, Task>>();

/** The task of this name, or undefined where it is the user's own. */
export function knownTask(name: string, protocol: Protocol): Task | undefined {
  const known =
    tasks.get(protocol) ??
    new Map(
      benchmarks.flatMap((benchmark) =>
        benchmark.tasks(protocol).tasks.map((task) => [task.name, task] as const),
      ),
    );
  tasks.set(protocol, known);
  return known.get(name);
}
