/** `eval --list`: what can be asked. */
import { benchmarks } from "../../eval/index.js";
import { printJson } from "../command.js";
import { oneOf } from "../data/options.js";
import { stdout } from "../output.js";
import type { EvalFlags } from "./flags.js";

/** Prints groups and tasks of each benchmark. @throws ConfigError for an unknown protocol */
export function listTasks({ protocol: given, json }: EvalFlags): void {
  const protocol = oneOf(given, "--protocol", ["lm-eval", "official"]) ?? "lm-eval";
  const listed = benchmarks.map((benchmark) => {
    const { tasks, groups } = benchmark.tasks(protocol);
    return {
      benchmark: benchmark.name,
      source: benchmark.source,
      groups: groups.map(({ name }) => name),
      tasks: tasks.map(({ name }) => name),
    };
  });
  if (json) {
    printJson({ protocol, benchmarks: listed });
    return;
  }
  const sections = listed.map(({ benchmark, source, groups, tasks }) => {
    const lines = [
      ...groups.map((name) => `  ${name} (group)`),
      ...tasks.map((name) => `  ${name}`),
    ];
    return [`${benchmark}: ${tasks.length} tasks, from ${source}`, ...lines].join("\n");
  });
  stdout.write(`${sections.join("\n\n")}\n`);
}
