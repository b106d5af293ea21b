/** The benchmarks by name, and which tasks a list of names means. */
import { nearestOf } from "../util/editDistance.js";
import { ConfigError } from "../util/errors.js";
import { escapeRegExp } from "../util/escapeRegExp.js";
import { leavesOf } from "./results.js";
import { agieval, bbh, ceval, cmmlu, gaokao, gsm8k, humaneval, mmlu } from "./tasks/index.js";
import type { Benchmark, Group, Protocol, Task } from "./types.js";

/** All that come with the program. */
export const benchmarks: readonly Benchmark[] = [
  mmlu,
  ceval,
  cmmlu,
  agieval,
  gaokao,
  bbh,
  gsm8k,
  humaneval,
];

/** A task with the benchmark whose files it reads. */
export interface SelectedTask {
  task: Task;
  benchmark: Benchmark;
}

/** What a list of names means. */
export interface Selection {
  tasks: readonly SelectedTask[];
  /** The groups that were named, and the groups in them. */
  groups: readonly Group[];
}

/**
 * Tasks and groups by name; `*` stands for anything.
 *
 * @param more benchmarks of the user's own
 * @throws ConfigError for a name that nothing has, or that of something which cannot be scored
 */
export function selectTasks(
  names: readonly string[],
  protocol: Protocol,
  more: readonly Benchmark[] = [],
): Selection {
  const sets = [...benchmarks, ...more].map((benchmark) => ({
    benchmark,
    ...benchmark.tasks(protocol),
  }));
  const groups = new Map(sets.flatMap((set) => set.groups.map((group) => [group.name, group])));
  const tasks = new Map(
    sets.flatMap(({ benchmark, tasks }) =>
      tasks.map((task): [string, SelectedTask] => [task.name, { task, benchmark }]),
    ),
  );
  refuseTaken(sets);
  const refused = sets.flatMap((set) => set.refused ?? []).find(({ name }) => names.includes(name));
  if (refused) {
    throw new ConfigError(`${refused.name} cannot be scored`, {
      why: refused.why,
      todo: refused.todo,
    });
  }
  const known = [...groups.keys(), ...tasks.keys()];
  const matched = [...new Set(names.flatMap((name) => matching(name, known)))];
  const chosenGroups = new Map<string, Group>();
  const addGroup = (name: string): void => {
    const group = groups.get(name);
    if (!group || group.isTag || chosenGroups.has(name)) return;
    chosenGroups.set(name, group);
    for (const member of group.members) addGroup(member);
  };
  for (const name of matched) addGroup(name);
  const chosen = matched.flatMap((name) => {
    const group = groups.get(name);
    return group ? leavesOf(group, groups) : [name];
  });
  return {
    tasks: [...new Set(chosen)].map((name) => tasks.get(name)!),
    groups: [...chosenGroups.values()],
  };
}

/** A task of the user's own must not hide another. */
function refuseTaken(sets: readonly { tasks: readonly Task[]; groups: readonly Group[] }[]): void {
  const names = sets.flatMap(({ tasks, groups }) => [...groups, ...tasks].map(({ name }) => name));
  const taken = names.find((name, i) => names.indexOf(name) !== i);
  if (taken === undefined) return;
  throw new ConfigError(`there are two tasks of the name ${taken}`, {
    todo: "give your own another name",
  });
}

function matching(name: string, known: readonly string[]): string[] {
  if (known.includes(name)) return [name];
  if (name.includes("*")) {
    const pattern = new RegExp(`^${name.split("*").map(escapeRegExp).join(".*")}$`);
    const found = known.filter((one) => pattern.test(one));
    if (found.length > 0) return found;
  }
  const near = nearestOf(name, known);
  throw new ConfigError(`there is no task ${name}`, {
    todo:
      near === undefined
        ? "tunewright eval --list prints the names of all tasks"
        : `did you mean ${near}?`,
  });
}
