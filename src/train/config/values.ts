/**
 * Zod building blocks for configuration values. A value may come from JSON, from YAML (where
 * `2e-4` can be a string) or from a command-line flag (always a string), so each block converts
 * strings to the type it expects before checking the value.
 */
import { join } from "node:path";
import { z } from "zod";
import { homeFolder } from "../../util/homeFolder.js";

const numeral = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const yes = new Set(["true", "yes", "on", "1", "t", "y"]);
const no = new Set(["false", "no", "off", "0", "f", "n"]);

/** `"2e-4"` becomes `2e-4`; anything that is not a decimal number is left unchanged. */
export function textToNumber(value: unknown): unknown {
  return typeof value === "string" && numeral.test(value.trim()) ? Number(value) : value;
}

/** `"true"`, `"no"`, `1` … become booleans; anything else is left unchanged. */
export function textToBoolean(value: unknown): unknown {
  const text = String(value).trim().toLowerCase();
  if (yes.has(text)) return true;
  if (no.has(text)) return false;
  return value;
}

function textToJson(value: unknown): unknown {
  if (typeof value !== "string" || !value.trim().startsWith("{")) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function toList(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const parts = value.split(",").map((part) => part.trim());
  return parts.filter((part) => part !== "");
}

function expandHome(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value === "~" || value.startsWith("~/") ? join(homeFolder(), value.slice(1)) : value;
}

/** A number; `schema` can narrow it, for example `z.number().gt(0)`. */
export function number(schema: z.ZodNumber = z.number()) {
  return z.preprocess(textToNumber, schema);
}

/** An integer of at least `minimum`. */
export function integer(minimum: number) {
  return z.preprocess(textToNumber, z.number().int().min(minimum));
}

export function boolean() {
  return z.preprocess(textToBoolean, z.boolean());
}

/** One of a few words. `false` means `"no"`, because YAML 1.1 reads an unquoted `no` as `false`. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.preprocess((value) => (value === false ? "no" : value), z.enum(words));
}

export function text() {
  return z.preprocess(
    (value) => (typeof value === "number" ? String(value) : value),
    z.string().min(1),
  );
}

/** A path; a leading `~` is the home directory. */
export function path() {
  return z.preprocess(expandHome, z.string().min(1));
}

/** One path or a list of paths; becomes a list. */
export function paths() {
  return z.preprocess(
    (value) => {
      const list = typeof value === "string" ? [value] : value;
      return Array.isArray(list) ? list.map(expandHome) : list;
    },
    z.array(z.string().min(1)).min(1),
  );
}

const source = z.strictObject({
  /** One or more files that form one source. */
  path: paths(),
  weight: number(z.number().gt(0)).optional(),
  repeat: number(z.number().gt(0)).optional(),
  limit: integer(1).optional(),
  sample: z.enum(["random", "first"]).optional(),
  format: z.string().optional(),
  /** What the columns are called in the files; others are not read. */
  columns: z.record(z.string(), z.string().min(1)).optional(),
  /** The same for the keys of a message. */
  message_keys: z.record(z.string(), z.string().min(1)).optional(),
  /** Roles by their names in the files. */
  roles: z.record(z.string(), z.string().min(1)).optional(),
});

/** One path or source, or a list of them; becomes a list. */
export function sources() {
  return z.preprocess(
    (value) => {
      const given = textToJson(value);
      const list = typeof given === "string" || isObject(given) ? [given] : given;
      return Array.isArray(list) ? list.map((item) => expandHome(textToJson(item))) : list;
    },
    z.array(z.union([z.string().min(1), source])).min(1),
  );
}

/** An object that is no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A list of words, or one string separated by commas. */
export function words() {
  return z.preprocess(toList, z.array(z.string().min(1)));
}

/** One text or a list of texts, which may contain commas; becomes a list. */
export function texts() {
  return z.preprocess(
    (value) => (typeof value === "string" ? [value] : value),
    z.array(z.string().min(1)),
  );
}

/** A number of steps or, below 1, a fraction of all steps (as transformers' `logging_steps`). */
export function steps() {
  return z.preprocess(textToNumber, z.union([z.number().gt(0).lt(1), z.number().int().min(1)]));
}

/** Some of a few words: a list, or one string separated by commas. */
export function list<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.preprocess(toList, z.array(z.enum(words)));
}

/** An object of strings, or its JSON. */
export function textRecord() {
  return z.preprocess(textToJson, z.record(z.string(), z.string()));
}

/** An object of values of any kind, or its JSON. */
export function record() {
  return z.preprocess(textToJson, z.record(z.string(), z.unknown()));
}

/** An object of numbers, or its JSON. */
export function numberRecord(schema: z.ZodNumber = z.number()) {
  return z.preprocess(textToJson, z.record(z.string(), z.preprocess(textToNumber, schema)));
}

/** Integers, or one string of them separated by commas; a single one becomes a list. */
export function integers() {
  const numbers = (value: unknown) => {
    const list = typeof value === "number" ? [value] : toList(value);
    return Array.isArray(list) ? list.map(textToNumber) : list;
  };
  return z.preprocess(numbers, z.array(z.number().int().min(0)).min(1));
}

/** Characters that a name of a module does not have, but a regular expression may. */
const special = /[*^$|()[\]\\+?]/;

/** Names of modules, or one regular expression. */
export function targets() {
  const read = (value: unknown) => {
    if (typeof value !== "string" || special.test(value)) return value;
    return value === "all" || value === "all-linear" ? "all" : toList(value);
  };
  return z.preprocess(read, z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]));
}

/** Ids of tokens, or lists of ids by module. */
export function tokenIndices() {
  const list = integers();
  return z.preprocess(textToJson, z.union([list, z.record(z.string(), list)]));
}

/** How an adapter begins. */
export function beginning() {
  return z.preprocess(
    (value) => (typeof value === "string" ? textToBoolean(value) : value),
    z.union([z.boolean(), z.enum(["gaussian", "orthogonal", "pissa", "olora"])]),
  );
}
