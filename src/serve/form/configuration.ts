/** From a request to a configuration: ids become places on the disk, and nothing else does. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isHubName, parseRepositoryName } from "../../hub/index.js";
import { type ConfigKey, isConfigKey } from "../../train/config/index.js";
import { readRunConfig } from "../../train/runConfig/index.js";
import { builtinModelName } from "../../util/builtin-model.js";
import { isRecord } from "../../util/isRecord.js";
import { badRequest } from "../http/index.js";
import { serverKeys } from "./keys.js";

/** The tables that ids are keys of. */
export interface Tables {
  model(id: string): { place: string; adapters: readonly unknown[] } | undefined;
  /** Path of a data file. */
  data(id: string): string | undefined;
  /** Id of the catalogue's entry at a place. */
  modelAt(place: string): string | undefined;
  /** Id of a data file. */
  dataAt(path: string): string | undefined;
}

export type Values = Readonly<Record<string, unknown>>;

/**
 * Checks the name of a run and gives its directory.
 *
 * @param root below which the server's runs lie
 * @throws HttpError for a name that could not be a folder's
 */
export function runDirectory(root: string, name: string): string {
  const isPlain = /^[\p{L}\p{N}][\p{L}\p{N}._ -]{0,79}$/u.test(name) && !/[. ]$|\.\./.test(name);
  const isReserved = /^(?:node_modules|checkpoint-\d+.*|previous-\d+|result\..*)$/.test(name);
  if (isPlain && !isReserved) return join(root, name);
  const why = isReserved
    ? "a folder of this name is not looked into for runs"
    : "it may have letters, digits, spaces and . _ -, at most 80 of them, and begins with a letter or digit";
  throw badRequest(`name: ${why}`, "name");
}

/**
 * The configuration of a new run.
 *
 * @param from directory of a run whose values hold for keys that no request can set
 * @throws HttpError naming the key that is wrong
 */
export function configurationOf(
  values: Values,
  directory: string,
  tables: Tables,
  from?: string,
): Record<string, unknown> {
  const kept = from === undefined ? {} : placesOf(givenValues(from), values);
  return { ...kept, ...resolveValues(values, tables), output_dir: directory };
}

/** Of a run that is duplicated: what names places, unless the request names others. */
function placesOf(given: Values, values: Values): Record<string, unknown> {
  const isPlace = (key: string) =>
    ["cache_dir", "logging_dir", "eval_data_dir"].includes(key) ||
    (key in placeReaders && !Object.hasOwn(values, key));
  return Object.fromEntries(Object.entries(given).filter(([key]) => isPlace(key)));
}

/** What file and flags said of a run. */
export function givenValues(directory: string): Values {
  const stored = readRunConfig(directory);
  const isGiven = (key: string) => ["file", "flag"].includes(stored?.origins?.[key] ?? "");
  return Object.fromEntries(Object.entries(stored?.config ?? {}).filter(([key]) => isGiven(key)));
}

/**
 * The values of a run as a request has them: places as ids, where the tables have them.
 */
export function requestValues(given: Values, tables: Tables): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (!isConfigKey(key) || serverKeys.has(key)) continue;
    const known =
      placeReaders[key]?.show(value, tables) ?? (key in placeReaders ? undefined : value);
    if (known !== undefined) shown[key] = known;
  }
  return shown;
}

/** @throws HttpError for a key that is unknown, may not be set, or has a value that no table has */
export function resolveValues(values: Values, tables: Tables): Record<string, unknown> {
  const resolved: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    const param = `values.${key.slice(0, 80)}`;
    if (!isConfigKey(key))
      throw badRequest(`${param}: there is no such key of the configuration`, param);
    const refusal = serverKeys.get(key);
    if (refusal !== undefined)
      throw badRequest(`${param}: it cannot be set by a request: ${refusal}`, param);
    // Null means that a value is not set.
    if (value === null || value === undefined) continue;
    resolved[key] = placeReaders[key]?.read(value, tables, param) ?? value;
  }
  return resolved;
}

/** How keys that name places are read from a request, and shown in one. */
interface PlaceReader {
  read(value: unknown, tables: Tables, param: string): unknown;
  show(value: unknown, tables: Tables): unknown;
}

const modelReader: PlaceReader = {
  read: (value, tables, param) => modelPlace(value, tables, param),
  show: (value, tables) => showModel(value, tables),
};

const dataReader: PlaceReader = {
  read: (value, tables, param) =>
    (Array.isArray(value) ? value : [value]).map((one) => dataSource(one, tables, param)),
  show: (value, tables) => {
    const shown = (Array.isArray(value) ? value : [value]).map((one) => showSource(one, tables));
    return shown.every((one) => one !== undefined) ? shown : undefined;
  },
};

const placeReaders: Partial<Record<ConfigKey, PlaceReader>> = {
  model_name_or_path: modelReader,
  adapter_name_or_path: {
    read: (value, tables, param) =>
      (Array.isArray(value) ? value : [value]).map((one) => modelPlace(one, tables, param)),
    show: (value, tables) => {
      const shown = (Array.isArray(value) ? value : [value]).map((one) => showModel(one, tables));
      return shown.every((one) => one !== undefined) ? shown : undefined;
    },
  },
  train_file: dataReader,
  eval_file: dataReader,
  sample_dialogue: {
    read: (value, tables, param) => dataPath(value, tables, param),
    show: (value, tables) => (typeof value === "string" ? tables.dataAt(value) : undefined),
  },
  // Names that could be those of files.
  eval_tasks: {
    read: (value, _tables, param) => {
      const names = typeof value === "string" ? value.split(",").map((one) => one.trim()) : value;
      const isPlain = Array.isArray(names) && names.every((one) => isPlainName(one));
      if (!isPlain) throw badRequest(`${param}: names of tasks and groups are expected`, param);
      return names;
    },
    show: (value) => value,
  },
  template_name: {
    read: (value, _tables, param) => {
      if (!isPlainName(value))
        throw badRequest(`${param}: the name of a chat template is expected`, param);
      return value;
    },
    show: (value) => value,
  },
};

function isPlainName(value: unknown): boolean {
  return typeof value === "string" && /^[\w.+-]{1,80}$/.test(value) && !existsSync(value);
}

function modelPlace(value: unknown, tables: Tables, param: string): string {
  if (typeof value === "string") {
    const entry = tables.model(value);
    if (entry && entry.adapters.length === 0) return entry.place;
    if (value === builtinModelName || isNameOnHub(value)) return value;
  }
  throw badRequest(
    `${param}: an id of the catalogue, or OWNER/NAME on the hub, is expected`,
    param,
  );
}

/** A local path goes before the hub when a name is looked up, so one that is there is no name of the hub. */
function isNameOnHub(value: string): boolean {
  return value.length < 200 && isHubName(value) && !existsSync(value);
}

function showModel(value: unknown, tables: Tables): unknown {
  if (typeof value !== "string") return undefined;
  return (
    tables.modelAt(value) ?? (value === builtinModelName || isNameOnHub(value) ? value : undefined)
  );
}

function dataSource(value: unknown, tables: Tables, param: string): unknown {
  if (!isRecord(value)) return dataPath(value, tables, param);
  const paths = Array.isArray(value.path) ? value.path : [value.path];
  return { ...value, path: paths.map((one) => dataPath(one, tables, param)) };
}

function dataPath(value: unknown, tables: Tables, param: string): string {
  if (typeof value === "string") {
    const path = tables.data(value);
    if (path !== undefined) return path;
    if (isDataSetOnHub(value)) return value;
  }
  throw badRequest(
    `${param}: ids of GET /api/data, or OWNER/NAME of data sets on the hub, are expected`,
    param,
  );
}

function isDataSetOnHub(value: string): boolean {
  if (value.length > 200 || /^https?:/i.test(value) || existsSync(value)) return false;
  try {
    const parsed = parseRepositoryName(value, "dataset");
    return parsed?.type === "dataset" && parsed.path === "";
  } catch {
    return false;
  }
}

function showSource(value: unknown, tables: Tables): unknown {
  if (typeof value === "string")
    return tables.dataAt(value) ?? (isDataSetOnHub(value) ? value : undefined);
  if (!isRecord(value) || !Array.isArray(value.path)) return undefined;
  const path = value.path.map((one) =>
    typeof one === "string" ? showSource(one, tables) : undefined,
  );
  return path.every((one) => one !== undefined) ? { ...value, path } : undefined;
}
