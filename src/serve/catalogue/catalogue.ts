/** Entries of the catalogue by ids that the server makes up, so that no request ever names a path. */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { describeRun, findRuns, type RunDescription } from "../../tracking/runs/index.js";
import { eventsName } from "../../train/events/index.js";
import { builtinModelName, builtinModelPath } from "../../util/builtin-model.js";
import { isRecord } from "../../util/isRecord.js";
import { statsOf } from "../../util/missingPath.js";
import type { ModelSpec } from "../engine/index.js";
import { pathId } from "../pathId.js";
import type { CatalogueEntry } from "../schema.js";
import { withoutPaths } from "../withoutPaths.js";

/** Something that can be loaded, with where it lies. */
export interface Loadable extends Omit<CatalogueEntry, "loaded_as"> {
  place: string;
  adapters: ModelSpec["adapters"];
}

export interface Catalogue {
  /** All entries, looked for anew where what was found is older than some seconds. */
  entries(): Loadable[];
  find(id: string): Loadable | undefined;
}

/** The id of what lies at a path; two paths to one place have one id. */
export function catalogueId(path: string): string {
  return pathId(existsSync(path) ? realpathSync(path) : path);
}

/** Milliseconds for which what was found counts, and for which it counts that something was not. */
const freshFor = 2000;
const missingFor = 100;

/**
 * @param given models of the command line, with the names that they are served by
 * @param roots folders below which runs are looked for, and the models beside them
 */
export function createCatalogue(
  given: readonly Pick<ModelSpec, "name" | "place" | "adapters">[],
  roots: readonly string[],
): Catalogue {
  let found = new Map<string, Loadable>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  const describe = createDescriber();
  const look = (fresh: number) => {
    if (performance.now() - lookedAt < fresh) return found;
    const entries = [
      ...given.map(givenEntry),
      ...builtinEntries(),
      ...roots.flatMap((root) => modelEntries(root)),
      ...findRuns(roots.filter((root) => existsSync(root)))
        .map((directory) => ({ directory, description: describe(directory) }))
        .sort((one, other) => updatedOf(other) - updatedOf(one))
        .flatMap(runEntries),
    ];
    // The first of several with one id counts: the command line's own names go first.
    found = new Map(entries.toReversed().map((entry) => [entry.id, entry]));
    found = new Map(entries.map(({ id }) => [id, withBase(found.get(id)!, found)]));
    lookedAt = performance.now();
    return found;
  };
  return {
    entries: () => [...look(freshFor).values()],
    // A checkpoint may have been saved a moment ago.
    find: (id) => look(freshFor).get(id) ?? look(missingFor).get(id),
  };
}

function givenEntry({
  name,
  place,
  adapters,
}: Pick<ModelSpec, "name" | "place" | "adapters">): Loadable {
  const id =
    adapters.length === 0
      ? catalogueId(placeOf(place))
      : catalogueId(JSON.stringify([place, adapters]));
  const kind = adapters.length > 0 || isAdapter(place) ? "adapter" : "model";
  return { id, title: name, kind, run: null, step: null, base: null, place, adapters };
}

/** The base of what a run left, as the entry that it is, where there is one. */
function withBase(entry: Loadable, found: ReadonlyMap<string, Loadable>): Loadable {
  if (entry.base === null) return entry;
  const id = catalogueId(placeOf(entry.base));
  return { ...entry, base: found.has(id) ? id : withoutPaths(entry.base) };
}

/** The built-in model is known by its file. */
function placeOf(place: string): string {
  return place === builtinModelName ? builtinModelPath() : place;
}

function builtinEntries(): Loadable[] {
  if (!existsSync(builtinModelPath())) return [];
  return [modelEntry(builtinModelName, builtinModelName.replace("builtin:", ""))];
}

function modelEntry(place: string, title: string): Loadable {
  return {
    id: catalogueId(placeOf(place)),
    title,
    kind: "model",
    run: null,
    step: null,
    base: null,
    place,
    adapters: [],
  };
}

/** Models that lie directly in a folder, as directories or GGUF files. */
function modelEntries(root: string): Loadable[] {
  return foldersIn(root).flatMap((name) => {
    const path = join(root, name);
    if (name.endsWith(".gguf") || (isModel(path) && !existsSync(join(path, eventsName)))) {
      return [modelEntry(path, name)];
    }
    return [];
  });
}

function foldersIn(root: string): string[] {
  try {
    return readdirSync(root).filter((name) => !name.startsWith("."));
  } catch {
    return [];
  }
}

/** A run that was found; one that has no event yet has no description. */
interface FoundRun {
  directory: string;
  description: RunDescription | undefined;
}

function updatedOf({ description }: FoundRun): number {
  return description?.updated ?? 0;
}

/** Describes runs, and reads their events again only where those have changed. */
function createDescriber(): (directory: string) => RunDescription | undefined {
  const known = new Map<string, { stamp: string; description: RunDescription | undefined }>();
  return (directory) => {
    const stats = statsOf(join(directory, eventsName));
    const stamp = `${stats?.size} ${stats?.mtimeMs}`;
    const before = known.get(directory);
    if (before?.stamp === stamp) return before.description;
    const { description } = describeRun(directory);
    known.set(directory, { stamp, description });
    return description;
  };
}

/** The result of a run, and its checkpoints from the newest on. */
function runEntries({ directory, description }: FoundRun): Loadable[] {
  const title = description?.name ?? basename(directory);
  const run = catalogueId(directory);
  const base = description?.model ?? null;
  const entries: Loadable[] = [];
  if (isAdapter(directory) || isModel(directory)) {
    const kind = isAdapter(directory) ? "adapter" : "model";
    const id = catalogueId(directory);
    entries.push({ id, title, kind, run, step: null, base, place: directory, adapters: [] });
  }
  const steps = foldersIn(directory)
    .flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((one, other) => other - one);
  for (const step of steps) {
    const place = join(directory, `checkpoint-${step}`);
    if (!isAdapter(place) && !isModel(place)) continue;
    const id = catalogueId(place);
    const named = `${title}, step ${step}`;
    entries.push({ id, title: named, kind: "checkpoint", run, step, base, place, adapters: [] });
  }
  return entries;
}

function isAdapter(path: string): boolean {
  return statsOf(join(path, "adapter_config.json"))?.isFile() ?? false;
}

/** A directory with a model's configuration and weights. */
function isModel(path: string): boolean {
  try {
    const config: unknown = JSON.parse(readFileSync(join(path, "config.json"), "utf8"));
    if (!isRecord(config) || typeof config.model_type !== "string") return false;
    return readdirSync(path).some((name) => /\.(safetensors|bin|gguf)$/.test(name));
  } catch {
    return false;
  }
}
