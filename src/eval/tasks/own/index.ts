/**
 * Tasks of the user's own: a few lines of YAML make one of a file of questions with choices, questions with
 * answers, conversations, or requests that should be refused. Examples are in `examples/eval`.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigError, DataError } from "../../../util/errors.js";
import type { Benchmark, Protocol, TaskSet } from "../../types.js";
import { cellsOf, groupsOf } from "./groups.js";
import { parseTask } from "./parse.js";
import { type OwnRow, readConversations, readRows, rowsWhere } from "./rows.js";
import type { OwnTask } from "./schema.js";
import { ownTask, type TaskFacts } from "./tasks.js";

/**
 * Reads a task file and its data.
 *
 * The benchmark is for `evaluate({ benchmarks: [it], tasks: [it.name] })`: its name is that of the task, or,
 * with `group_by`, that of the group of all its tasks. It needs no `dataDir`.
 *
 * @param path of a YAML file; the files that it names are relative to it
 * @throws ConfigError for what the file says wrongly, with its line and the nearest name
 * @throws DataError for a row that cannot be asked, with its file and line
 */
export async function readTaskFile(path: string): Promise<Benchmark> {
  const folder = dirname(path);
  const own = parseTask(readText(path), path);
  const rows = await reader(own)(join(folder, own.data));
  const examples = await examplesOf(own, rows, folder);
  const held = new Set(examples);
  const asked = rowsWhere(rows, own.where).filter((row) => !held.has(row));
  if (asked.length === 0) {
    throw new DataError(`${join(folder, own.data)}: no row is asked`, {
      why: "it has none, or none that where and shots leave",
    });
  }
  const set = (protocol: Protocol) => setOf(own, asked, examples, protocol);
  set("lm-eval"); // So that a row that cannot be asked is told now.
  return { name: own.task, markers: [], folder, source: path, tasks: set };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read`, { why: (cause as Error).message, cause });
  }
}

const reader = ({ kind }: OwnTask) => (kind === "conversation" ? readConversations : readRows);

/** Rows that examples are taken from; undefined where they are the questions themselves, or there are none. */
async function examplesOf(
  own: OwnTask,
  rows: readonly OwnRow[],
  folder: string,
): Promise<OwnRow[] | undefined> {
  const shots = "shots" in own ? own.shots : undefined;
  if (!shots || (shots.file === undefined && shots.where === undefined)) return undefined;
  const pool = shots.file === undefined ? rows : await reader(own)(join(folder, shots.file));
  return rowsWhere(pool, shots.where);
}

function setOf(
  own: OwnTask,
  asked: readonly OwnRow[],
  examples: readonly OwnRow[] | undefined,
  protocol: Protocol,
): TaskSet {
  const fields = [own.group_by ?? []].flat();
  const shared: Pick<TaskFacts, "protocol" | "examples"> = {
    protocol,
    ...(examples ? { examples } : {}),
  };
  if (fields.length === 0) {
    return { tasks: [ownTask(own, { ...shared, name: own.task, rows: asked })], groups: [] };
  }
  const cells = cellsOf(own.task, asked, fields);
  const tasks = cells.map(({ name, values, rows }) =>
    ownTask(own, { ...shared, name, category: values.join(", "), rows }),
  );
  return { tasks, groups: groupsOf(own.task, own.version, cells, fields) };
}
