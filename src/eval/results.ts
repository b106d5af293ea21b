/** Scores of tasks and groups in the form of lm-evaluation-harness's results.json. */
import { measures } from "./dialogue/index.js";
import { type Estimate, microAverage, type SizedEstimate, weightedAverage } from "./metrics.js";
import type { TaskOutcome } from "./runTask.js";
import type { Group, Protocol } from "./types.js";

/** Scores of one task or group: `acc,none`, `acc_stderr,none`, …, with facts about it. */
export interface ResultEntry {
  name: string;
  alias: string;
  protocol: Protocol;
  /** Questions asked. */
  sample_len: number;
  [metric: string]: unknown;
}

/** Where a task belongs, for reports. */
export interface Topic {
  benchmark: string;
  category?: string;
  subject?: string;
}

/** What results.json holds about tasks and groups. */
export interface Results {
  results: Record<string, ResultEntry>;
  groups: Record<string, ResultEntry>;
  /** Members of each group. */
  group_subtasks: Record<string, readonly string[]>;
  versions: Record<string, number | string>;
  "n-shot": Record<string, number>;
  "n-samples": Record<string, { original: number; effective: number }>;
  higher_is_better: Record<string, Record<string, boolean>>;
  /** How each group averages its members. */
  averages: Record<string, Group["average"]>;
  /** What each task asks about. */
  topics: Record<string, Topic>;
  /** What a reader of the scores must know, by task. */
  notes: Record<string, readonly string[]>;
}

/** @param groups those that are asked for, with the groups in them */
export function resultsOf(
  outcomes: readonly TaskOutcome[],
  groups: readonly Group[],
  protocol: Protocol,
): Results {
  const byName = new Map(outcomes.map((outcome) => [outcome.task.name, outcome]));
  const entries = outcomes.map((outcome) => [outcome.task.name, taskEntry(outcome)] as const);
  const byGroup = new Map(groups.map((group) => [group.name, group]));
  const groupEntries = groups.map(
    (group) => [group.name, groupEntry(group, byGroup, byName, protocol)] as const,
  );
  const fromTasks = <Value>(pick: (outcome: TaskOutcome) => Value) =>
    Object.fromEntries(outcomes.map((outcome) => [outcome.task.name, pick(outcome)]));
  const noted = outcomes.filter(({ notes }) => notes.length > 0);
  return {
    results: Object.fromEntries([...groupEntries, ...entries]),
    groups: Object.fromEntries(groupEntries),
    group_subtasks: Object.fromEntries(groups.map(({ name, members }) => [name, members])),
    versions: {
      ...fromTasks(({ task }) => task.version),
      ...Object.fromEntries(groups.map(({ name, version }) => [name, version])),
    },
    "n-shot": fromTasks(({ numFewshot }) => numFewshot),
    "n-samples": fromTasks(({ available, size }) => ({ original: available, effective: size })),
    higher_is_better: fromTasks(({ task }) =>
      task.kind === "dialogue"
        ? betterMeasures()
        : Object.fromEntries(task.metrics.map((metric) => [metric, true])),
    ),
    averages: Object.fromEntries(groups.map(({ name, average }) => [name, average])),
    topics: fromTasks(({ task: { benchmark, category, subject } }) => ({
      benchmark,
      ...(category === undefined ? {} : { category }),
      ...(subject === undefined ? {} : { subject }),
    })),
    notes: Object.fromEntries(noted.map(({ task, notes }) => [task.name, notes])),
  };
}

function betterMeasures(): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(measures).flatMap(([name, isBetter]) =>
      isBetter === undefined ? [] : [[name, isBetter] as const],
    ),
  );
}

function taskEntry({ task, size, estimates }: TaskOutcome): ResultEntry {
  const { name, protocol } = task;
  return { name, alias: name, protocol, sample_len: size, ...metricFields(estimates) };
}

function metricFields(estimates: Readonly<Record<string, Estimate>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(estimates).flatMap(([key, { value, stderr }]) => {
      const [metric, filter] = key.split(",");
      return [
        [key, value],
        [`${metric}_stderr,${filter}`, stderr ?? "N/A"],
      ];
    }),
  );
}

/** Names of the tasks below a group, each once. */
export function leavesOf(
  group: Pick<Group, "members">,
  groups: ReadonlyMap<string, Pick<Group, "members">>,
): string[] {
  const names = group.members.flatMap((member) => {
    const inner = groups.get(member);
    return inner ? leavesOf(inner, groups) : [member];
  });
  return [...new Set(names)];
}

function groupEntry(
  group: Group,
  groups: ReadonlyMap<string, Group>,
  outcomes: ReadonlyMap<string, TaskOutcome>,
  protocol: Protocol,
): ResultEntry {
  const leaves = leavesOf(group, groups)
    .map((name) => outcomes.get(name))
    .filter((outcome) => outcome !== undefined);
  const keys = [...new Set(leaves.flatMap(({ estimates }) => Object.keys(estimates)))];
  const fields: Record<string, unknown> = {};
  const counts: Record<string, number> = {};
  for (const key of keys.filter((one) => group.metrics?.includes(one) ?? true)) {
    const having = leaves.filter(({ estimates }) => key in estimates);
    if (!group.metrics && having.length < leaves.length) continue;
    const parts = having.map(({ estimates, size }) => ({ ...estimates[key]!, size }));
    const names = having.map(({ task }) => task.name);
    const [metric, filter] = key.split(",");
    const micro = microAverage(parts);
    const macro = weightedAverage(parts);
    Object.assign(fields, metricFields({ [key]: averageOf(group, parts, names, micro, macro) }));
    Object.assign(
      fields,
      metricFields({ [`${metric}_micro,${filter}`]: micro, [`${metric}_macro,${filter}`]: macro }),
    );
    counts[key] = parts.reduce((sum, { size }) => sum + size, 0);
  }
  return {
    name: group.name,
    alias: group.alias ?? group.name,
    protocol,
    sample_len: leaves.reduce((sum, { size }) => sum + size, 0),
    ...fields,
    sample_count: counts,
  };
}

function averageOf(
  { average }: Group,
  parts: readonly SizedEstimate[],
  names: readonly string[],
  micro: Estimate,
  macro: Estimate,
): Estimate {
  if (average === "micro") return micro;
  if (average === "macro") return macro;
  return weightedAverage(
    parts,
    names.map((name) => average[name] ?? 0),
  );
}
