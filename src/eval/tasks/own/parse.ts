/** From the text of a task file to what it says, with errors that name the line. */
import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { nearestOf } from "../../../util/editDistance.js";
import { ConfigError } from "../../../util/errors.js";
import { knownKeys, type OwnTask, taskSchema } from "./schema.js";

type Place = (path: readonly PropertyKey[]) => string;

/**
 * @param file what errors name
 * @throws ConfigError with file and line
 */
export function parseTask(text: string, file: string): OwnTask {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error) {
    throw new ConfigError(`${file}:${lines.linePos(error.pos[0]).line}: not valid YAML`, {
      why: error.message.split("\n")[0]!,
      cause: error,
    });
  }
  const place: Place = (path) => {
    const node = nodeAt(document.contents, path);
    return node === undefined ? file : `${file}:${lines.linePos(node).line}`;
  };
  const value: unknown = document.toJS();
  const result = taskSchema.safeParse(value);
  if (!result.success) throw shapeError(firstIssue(result.error), value, place);
  return result.data;
}

/** Where the innermost node on a path begins that has a place. */
function nodeAt(root: unknown, path: readonly PropertyKey[]): number | undefined {
  let offset: number | undefined;
  let node = root;
  for (const key of path) {
    const items: unknown[] = (node as { items?: unknown[] } | null)?.items ?? [];
    const pair = items.find(
      (item) => (item as { key?: { value?: unknown } } | null)?.key?.value === key,
    ) as { key: unknown; value: unknown } | undefined;
    const next = pair ?? (typeof key === "number" ? items[key] : undefined);
    if (next === undefined || next === null) break;
    offset = startOf(pair ? pair.key : next) ?? offset;
    node = pair ? pair.value : next;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** An unknown key explains best what else is wrong. */
function firstIssue({ issues }: z.ZodError): z.core.$ZodIssue {
  return issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0]!;
}

function shapeError(issue: z.core.$ZodIssue, value: unknown, place: Place): ConfigError {
  const path = issue.path.join(".");
  const kind = (value as { kind?: unknown } | null)?.kind;
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const inner = path === "" ? "" : ` in ${path}`;
    return new ConfigError(`${place([...issue.path, key])}: unknown key ${key}${inner}`, {
      todo: suggestion(key, knownKeys(kind, issue.path[0])),
    });
  }
  if (path === "") {
    return new ConfigError(`${place([])}: is not a task`, {
      why: "it must be keys with values: task, kind, data, …",
      todo: "see the examples in examples/eval",
    });
  }
  const given = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  if (given === undefined) {
    return new ConfigError(`${place(issue.path)}: ${path} is missing`, {
      todo: "see the examples in examples/eval",
    });
  }
  return new ConfigError(`${place(issue.path)}: ${path} ${issue.message}`);
}

function suggestion(key: string, known: readonly string[]): string {
  const near = nearestOf(key, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length > 0 ? `use ${known.join(", ")}` : "remove it";
}
