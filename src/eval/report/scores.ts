/** Scores of an evaluation, one after the other, as tables and charts need them. */
import { stderrKey } from "../compare/index.js";
import { leavesOf, type Results } from "../results.js";
import type { Unit } from "./numbers.js";

export interface Score {
  /** Task or group. */
  name: string;
  isGroup: boolean;
  /** Metric and filter, such as `acc,none`. */
  key: string;
  metric: string;
  filter: string;
  value: number;
  stderr: number | null;
  size: number;
  unit: Unit;
}

/** Benchmark of dialogues, which have measures and no right answers. */
export const DIALOGUE = "dialogue";

/** Measures of dialogues that are counts, which no share of 100 says. */
export function isCount(metric: string): boolean {
  return ["tokens", "characters", "longest_repeat"].includes(metric);
}

/** All scores of a task or group, without those that only repeat them as micro and macro average. */
export function scoresOf(evaluation: Results, name: string): Score[] {
  const entry = evaluation.results[name];
  if (!entry) return [];
  const isGroup = name in evaluation.groups;
  return Object.entries(entry).flatMap(([key, value]): Score[] => {
    if (typeof value !== "number" || !key.includes(",") || /_stderr,/.test(key)) return [];
    if (isGroup && /_(?:micro|macro),/.test(key)) return [];
    const comma = key.lastIndexOf(",");
    const stderr = entry[stderrKey(key)];
    return [
      {
        name,
        isGroup,
        key,
        metric: key.slice(0, comma),
        filter: key.slice(comma + 1),
        value,
        stderr: typeof stderr === "number" ? stderr : null,
        size: entry.sample_len,
        unit: value >= 0 && value <= 1 && !isCount(key.slice(0, comma)) ? "points" : "plain",
      },
    ];
  });
}

/** The first score, which is the one that a task is known by. */
export function mainScore(evaluation: Results, name: string): Score | undefined {
  return scoresOf(evaluation, name)[0];
}

/** Names of the groups, then of the tasks. */
export function allNames({ groups, results }: Results): string[] {
  const isTask = (name: string) => !(name in groups);
  return [...Object.keys(groups), ...Object.keys(results).filter(isTask)];
}

export function taskNames({ groups, results }: Results): string[] {
  return Object.keys(results).filter((name) => !(name in groups));
}

/** The tasks below a group that were evaluated. */
export function tasksBelow({ group_subtasks, groups, results }: Results, group: string): string[] {
  const members = new Map(
    Object.entries(group_subtasks).map(([name, names]) => [name, { members: names }]),
  );
  const leaves = leavesOf(members.get(group) ?? { members: [] }, members);
  return leaves.filter((name) => name in results && !(name in groups));
}

/** The groups that are in no other one, then the tasks that are in none. */
export function topNames(evaluation: Results): string[] {
  const inner = new Set(Object.values(evaluation.group_subtasks).flat());
  return allNames(evaluation).filter((name) => !inner.has(name));
}

/** Whether more is better. */
export function isHigherBetter(evaluation: Results, name: string, metric: string): boolean {
  const [task = name] = name in evaluation.groups ? tasksBelow(evaluation, name) : [name];
  return evaluation.higher_is_better[task]?.[metric] ?? true;
}

/** A task's or group's name for readers: the subject where there is one. */
export function labelOf({ results, topics }: Results, name: string): string {
  return topics?.[name]?.subject ?? results[name]?.alias ?? name;
}

/** One benchmark's part of an evaluation. */
export interface BenchmarkPart {
  name: string;
  groups: readonly string[];
  tasks: readonly string[];
}

export function benchmarkParts(evaluation: Results): BenchmarkPart[] {
  const benchmarkOf = (task: string) => evaluation.topics?.[task]?.benchmark ?? task;
  const tasks = taskNames(evaluation);
  return [...new Set(tasks.map(benchmarkOf))].map((name) => ({
    name,
    groups: Object.keys(evaluation.groups).filter((group) =>
      tasksBelow(evaluation, group).some((task) => benchmarkOf(task) === name),
    ),
    tasks: tasks.filter((task) => benchmarkOf(task) === name),
  }));
}
