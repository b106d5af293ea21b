/**
 * Makes a {@link TrainingConfig} from a file and flags; flags override the file, and the file
 * overrides the defaults. No key is silently ignored: it takes effect, is rejected with a reason,
 * or is reported in a note as having no effect.
 */
import { ConfigError } from "../../util/errors.js";
import { parseFlags, readConfigFile } from "./input.js";
import { canonicalName, fixedKeys, inertKeys, nearestName, refusalOf } from "./otherTrainers.js";
import { applyRules } from "./rules.js";
import {
  type ConfigKey,
  describeKey,
  isConfigKey,
  keySchemas,
  type Origin,
  type TrainingConfig,
  trainingSchema,
} from "./schema.js";
import { textToBoolean, textToNumber } from "./values.js";

/** A configuration, and where its values come from. */
export interface LoadedConfig {
  readonly config: TrainingConfig;
  /** Where each value comes from. */
  readonly origins: Record<ConfigKey, Origin>;
  /** One line each: which values follow from others, and which given keys have no effect and why. */
  readonly notes: string[];
}

/** A value as given in the file or by a flag. */
interface Given {
  readonly key: string;
  readonly value: unknown;
  /** `file:line`, the flag as typed, or `options`. */
  readonly where: string;
  readonly origin: "file" | "flag";
}

/**
 * @param file JSON or YAML file, or `undefined` for flags alone
 * @param flags words as typed (`["--max-steps", "10"]`), or an object of keys and values
 * @throws {ConfigError} on an unknown key (suggesting the nearest known one), an invalid value, an
 * unsupported key, or keys that contradict each other; names file and line, or the flag
 */
export function loadTrainingConfig(
  file: string | undefined,
  flags: readonly string[] | Readonly<Record<string, unknown>> = [],
): LoadedConfig {
  const given = [...(file === undefined ? [] : fromFile(file)), ...fromFlags(flags)];
  const notes: string[] = [];
  const used = new Map<ConfigKey, Given>();
  const others = new Map<string, Given>();
  for (const item of given) {
    if (item.value === null) continue;
    const { key } = item;
    if (isConfigKey(key)) used.set(key, item);
    else if (Object.hasOwn(fixedKeys, key) || Object.hasOwn(inertKeys, key)) others.set(key, item);
    else throw unknownKey(item);
  }
  for (const item of others.values()) checkOther(item, notes);
  const parsed = parse(used);
  const origins = Object.fromEntries(
    Object.keys(keySchemas).map((key) => [key, used.get(key as ConfigKey)?.origin ?? "default"]),
  ) as Record<ConfigKey, Origin>;
  const config = applyRules(parsed, {
    origins,
    notes,
    asked: (key) =>
      used.has(key) && JSON.stringify(parsed[key]) !== JSON.stringify(keySchemas[key].default),
    where: (key) => used.get(key)?.where ?? "by default",
  });
  return { config, origins, notes };
}

function fromFile(file: string): Given[] {
  const seen = new Map<string, Given>();
  return readConfigFile(file).entries.map(({ key: name, value, line }) => {
    const where = line === undefined ? file : `${file}:${line}`;
    const item: Given = { key: canonicalName(name), value, where, origin: "file" };
    const earlier = seen.get(item.key);
    if (earlier && JSON.stringify(earlier.value) !== JSON.stringify(value)) {
      throw new ConfigError(`${item.key} is set twice: ${earlier.where} and ${where}`, {
        why: `${name} is another name of ${item.key}, and the two values differ.`,
        todo: "Keep one of them.",
      });
    }
    seen.set(item.key, item);
    return item;
  });
}

function fromFlags(flags: readonly string[] | Readonly<Record<string, unknown>>): Given[] {
  if (isWords(flags)) {
    return parseFlags(flags).map(({ key, value, spelled }) => {
      return { key, value, where: spelled, origin: "flag" };
    });
  }
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      return { key: canonicalName(name), value, where: "options", origin: "flag" };
    });
}

function isWords(flags: unknown): flags is readonly string[] {
  return Array.isArray(flags);
}

function unknownKey({ key, where }: Given): ConfigError {
  const nearest = nearestName(key);
  return new ConfigError(`Unknown key ${key} (${where})`, {
    why: "There is no configuration key of this name.",
    todo: nearest
      ? `Did you mean ${nearest}? Otherwise remove the key.`
      : "Remove it. docs/configuration.md lists all keys.",
  });
}

function checkOther({ key, value, where }: Given, notes: string[]): void {
  const shown = JSON.stringify(value);
  const inert = inertKeys[key];
  if (inert) {
    if (!inert.quiet.some((quiet) => same(quiet, value)))
      notes.push(`${key} ${shown}: no effect, ${inert.reason}`);
    return;
  }
  const { accepted, reason } = fixedKeys[key]!;
  if (accepted.some((one) => same(one, value))) return;
  const possible = accepted.find((one) => one !== "");
  throw new ConfigError(`${key} ${shown} is not supported (${where})`, {
    why: reason,
    todo: possible === undefined ? `Remove ${key}.` : `Remove ${key}, or set it to ${possible}.`,
  });
}

/** Whether two values mean the same; an empty string, list or object all mean "not set". */
function same(one: unknown, other: unknown): boolean {
  if (one === "" && typeof other === "object")
    return other !== null && Object.keys(other).length === 0;
  if (typeof one === "boolean") return textToBoolean(other) === one;
  if (typeof one === "number") return textToNumber(other) === one;
  return one === other;
}

function parse(used: ReadonlyMap<ConfigKey, Given>) {
  const values: Record<string, unknown> = {};
  for (const [key, { value, where }] of used) {
    const refusal = refusalOf(key, value);
    if (refusal)
      throw new ConfigError(`${key} ${show(value)} is not supported (${where})`, refusal);
    values[key] = value;
  }
  const result = trainingSchema.safeParse(values);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const key = String(issue.path[0]) as ConfigKey;
    const item = used.get(key);
    if (!item) return `${key} is missing`;
    return `${key}: expected ${describeKey(key)}, got ${show(item.value)} (${item.where})`;
  });
  const [first = "The configuration is invalid", ...rest] = [...new Set(problems)];
  const missing = first.endsWith("is missing");
  const also = rest.length > 0 ? `Also: ${rest.join("; ")}.` : undefined;
  throw new ConfigError(first, {
    why: also ?? (missing ? "It has no default." : "The key does not accept this value."),
    todo: missing ? "Set it in the file or by a flag." : "Correct the value.",
  });
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
