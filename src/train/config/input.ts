/** Reads a configuration file (JSON or YAML) and command-line flags into plain keys and values. */
import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { ConfigError } from "../../util/errors.js";
import { brokenLink } from "../../util/missingPath.js";
import { readCommandLine } from "./commandLine.js";
import { canonicalName, fixedKeys, inertKeys } from "./otherTrainers.js";
import { isConfigKey, keySchemas } from "./schema.js";
import { textToBoolean } from "./values.js";

/** The top-level keys of a configuration file, with the line of each. */
export interface ConfigSource {
  readonly entries: ReadonlyArray<{ key: string; value: unknown; line: number | undefined }>;
}

/**
 * Reads a configuration file.
 *
 * @throws {ConfigError} if the file cannot be read, is not JSON or YAML, is not an object, or
 * contains a key twice; names file and line
 */
export function readConfigFile(file: string): ConfigSource {
  const text = readText(file);
  const isJson = extname(file) === ".json" || /^\s*\{/.test(text);
  if (isJson) checkJson(file, text);
  const typed = isJson ? undefined : readCommandLine(file, text);
  if (typed) return { entries: typed };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const problem = document.errors[0];
  if (problem) {
    const { line } = lines.linePos(problem.pos[0]);
    throw new ConfigError(`${file}:${line} is not valid ${isJson ? "JSON" : "YAML"}`, {
      why: problem.message,
      todo: "Correct this line and try again.",
    });
  }
  const { contents } = document;
  if (!isMap(contents)) {
    throw new ConfigError(`${file} is not a configuration`, {
      why: "It must contain a single object with keys and values.",
      todo: "See examples/ and ./tunewright train --help.",
    });
  }
  const values = document.toJS() as Record<string, unknown>;
  const lineOf = new Map<string, number>();
  for (const { key, value } of contents.items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    if (key.range) lineOf.set(name, lines.linePos(key.range[0]).line);
    if (isText(canonicalName(name))) values[name] = asWritten(value as Node | null, values[name]);
  }
  const entries = Object.entries(values).map(([key, value]) => ({
    key,
    value,
    line: lineOf.get(key),
  }));
  return { entries };
}

/** Whether a key takes texts and no numbers. */
function isText(key: string): boolean {
  if (!isConfigKey(key)) return false;
  const node = keySchemas[key];
  const parts = (node.anyOf ?? [node]).flatMap((part) => part.items?.anyOf ?? part.items ?? part);
  const types = parts.map(({ type }) => type);
  return types.includes("string") && !types.includes("number") && !types.includes("integer");
}

/** A text that looks like a number stays as it was written: the folder 007 is not the folder 7. */
function asWritten(node: Node | null, value: unknown): unknown {
  if (isScalar(node)) return typeof value === "number" && node.source ? node.source : value;
  if (!isSeq(node) || !Array.isArray(value)) return value;
  return value.map((item, i) => asWritten(node.items[i] as Node | null, item));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new ConfigError(`Cannot read the configuration file ${file}`, {
      why: brokenLink(file) ?? (cause instanceof Error ? cause.message : String(cause)),
      todo: "Give the path of a JSON or YAML file.",
      cause,
    });
  }
}

/** YAML also accepts trailing commas and comments, which other JSON readers would reject. */
function checkJson(file: string, text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const position = /position (\d+)/.exec(why)?.[1];
    const end = position === undefined ? text.trimEnd().length : Number(position);
    const line = text.slice(0, end).split("\n").length;
    throw new ConfigError(`${file}:${line} is not valid JSON`, {
      why,
      todo: `Correct line ${line} of ${basename(file)} and try again.`,
      cause,
    });
  }
}

/** One flag; `spelled` is the flag as the user typed it. */
export interface Flag {
  readonly key: string;
  readonly value: unknown;
  readonly spelled: string;
}

/**
 * Parses `--key value` and `--key=value`; `--key a b` or repeated flags for lists; `--fp16`,
 * `--no-fp16` and `--fp16 false` for booleans. Keys are in kebab or snake case.
 *
 * @throws {ConfigError} if a word is not a flag, or a flag lacks its value
 */
export function parseFlags(words: readonly string[]): Flag[] {
  const flags: Flag[] = [];
  let at = 0;
  while (at < words.length) {
    const word = words[at++]!;
    if (!isFlag(word)) {
      throw new ConfigError(`Unexpected argument ${JSON.stringify(word)}`, {
        why: "Only flags of the form --key value may follow the configuration file.",
        todo: "Put --KEY before it, or remove it.",
      });
    }
    const equals = word.indexOf("=");
    const spelled = equals < 0 ? word : word.slice(0, equals);
    const key = canonicalName(spelled.slice(2));
    const kind = kindOf(key);
    if (equals >= 0) {
      flags.push({ key, value: word.slice(equals + 1), spelled });
      continue;
    }
    const negated = /^no_(.+)$/.exec(key)?.[1];
    if (kind === "unknown" && negated && kindOf(canonicalName(negated)) === "boolean") {
      flags.push({ key: canonicalName(negated), value: false, spelled });
      continue;
    }
    const values: string[] = [];
    const most = kind === "list" ? Number.POSITIVE_INFINITY : 1;
    while (values.length < most && at < words.length && !isFlag(words[at]!)) {
      if (kind === "boolean" && typeof textToBoolean(words[at]) !== "boolean") break;
      values.push(words[at++]!);
    }
    if (values.length > 0)
      flags.push({ key, value: values.length > 1 ? values : values[0], spelled });
    else if (kind === "boolean" || kind === "optional" || kind === "unknown")
      flags.push({ key, value: true, spelled });
    else {
      throw new ConfigError(`${spelled} needs a value`, {
        why: "Only flags for true-or-false keys can be given without a value.",
        todo: `Write ${spelled} VALUE.`,
      });
    }
  }
  return mergeRepeated(flags);
}

function isFlag(word: string): boolean {
  return /^--[A-Za-z]/.test(word);
}

type Kind = "boolean" | "list" | "optional" | "value" | "unknown";

function kindOf(key: string): Kind {
  if (isConfigKey(key)) {
    const node = keySchemas[key];
    const parts = node.anyOf ?? [node];
    if (parts.some((part) => part.type === "array")) return "list";
    const boolean = parts.some((part) => part.type === "boolean");
    if (boolean) return parts.length === 1 ? "boolean" : "optional";
    return "value";
  }
  const usual = fixedKeys[key]?.accepted ?? inertKeys[key]?.quiet;
  if (!usual) return "unknown";
  return usual.some((value) => typeof value === "boolean") ? "optional" : "value";
}

/** Values of a repeated list flag are joined; for any other repeated flag, the last value counts. */
function mergeRepeated(flags: readonly Flag[]): Flag[] {
  const merged = new Map<string, Flag>();
  for (const flag of flags) {
    const earlier = merged.get(flag.key);
    if (earlier && kindOf(flag.key) === "list") {
      const value = [earlier.value, flag.value].flat();
      merged.set(flag.key, { ...flag, value });
    } else merged.set(flag.key, flag);
  }
  return [...merged.values()];
}
