/** From what users name (files, folders, patterns, addresses, data sets of the hub) to local files. */
import { join, resolve } from "node:path";
import {
  type ChooseFiles,
  fetchRepository,
  fetchUrl,
  type HubOptions,
  hubSettings,
  parseRepositoryName,
  type RepositoryName,
  stderrReport,
} from "../../hub/index.js";
import { ConfigError } from "../../util/errors.js";
import { homeFolder } from "../../util/homeFolder.js";
import { statsOf } from "../../util/missingPath.js";
import { trainingFilesOfCard } from "./card.js";
import { filesOfFolder, filesOfGlob } from "./folder.js";
import { isGlob } from "./glob.js";
import { chooseHubFiles } from "./hubFiles.js";
import { noSuchPath } from "./missing.js";
import { hasRowEnding } from "./names.js";

export interface ResolveOptions extends HubOptions {
  /** Branch, tag or commit of data sets on the hub whose name does not say one. Default `main`. */
  revision?: string | undefined;
}

/**
 * Finds the files, downloading those that are not local. Each of `specs` is one of
 *
 * - a file;
 * - a folder: all data files in it;
 * - a pattern: `data/**` + `/*.jsonl.gz`;
 * - `hf://datasets/OWNER/NAME[@REVISION][/FILE, FOLDER or PATTERN]`, or `OWNER/NAME[@REVISION]`,
 *   or `datasets/OWNER/NAME/…` if there is no such local path;
 * - `https://…`.
 *
 * A local path always takes precedence over the hub. `-` (standard input) is returned unchanged.
 *
 * @returns local paths in the order of `specs`, sorted within each; always the same
 * @throws DataError for what does not exist, naming the nearest thing that does
 * @throws ConfigError for an invalid name
 * @throws EnvironmentError if the network, permissions or the disk prevent a download
 */
export async function resolveSources(
  specs: readonly string[],
  options: ResolveOptions = {},
): Promise<string[]> {
  const report = options.report ?? stderrReport();
  const files = new Map<string, string>();
  for (const spec of specs) {
    for (const file of await resolveOne(spec, { ...options, report })) {
      const key = file === "-" ? file : resolve(file);
      if (files.has(key)) report.say(`${file} was given more than once; it is read once`);
      else files.set(key, file);
    }
  }
  return [...files.values()];
}

/**
 * The same for streaming: files that are not local are not downloaded; their URLs are returned. Nothing
 * is left out, since a stream may be given twice.
 * @throws as {@link resolveSources}
 */
export async function resolveStreams(
  specs: readonly string[],
  options: ResolveOptions = {},
): Promise<string[]> {
  const names: string[] = [];
  for (const spec of specs) names.push(...(await resolveOne(spec, { ...options, remote: true })));
  return names;
}

async function resolveOne(spec: string, options: ResolveOptions): Promise<string[]> {
  if (spec.trim() === "") throw new ConfigError("the name of a data file is empty");
  if (spec === "-") return [spec];
  const path = spec.startsWith("~/") ? join(homeFolder(), spec.slice(2)) : spec;
  const stats = statsOf(path);
  if (stats?.isDirectory()) return filesOfFolder(path);
  if (stats) return [path];
  const repository = namedRepository(path, options);
  if (repository) return fetchDataSet(repository, options);
  if (/^https?:\/\//i.test(path)) return [options.remote ? path : await fetchUrl(path, options)];
  if (/^\w+:\/\//.test(path)) {
    throw new ConfigError(`${path}: unsupported kind of URL`, {
      todo: "use https://, hf://datasets/OWNER/NAME or a path",
    });
  }
  if (isGlob(path)) return filesOfGlob(path);
  throw noSuchPath(path);
}

/** A name without a scheme is a repository only where it cannot be a file's path gone wrong. */
function namedRepository(path: string, options: ResolveOptions): RepositoryName | undefined {
  const { endpoint } = options.settings ?? hubSettings(options.cacheDirectory);
  const explicit = /^(hf|https?):\/\//i.test(path);
  if (!explicit && /^(\.{0,2}\/|~)|\/$/.test(path)) return undefined;
  const parsed = parseRepositoryName(path, "dataset", endpoint);
  if (!parsed) return undefined;
  if (!explicit && !path.startsWith("datasets/") && (parsed.path !== "" || hasRowEnding(path))) {
    return undefined;
  }
  if (!explicit && isGlob(path) && hasFolder(path)) return undefined;
  if (parsed.type === "model") {
    throw new ConfigError(`${path} is a model, not a data set`, {
      todo: `to use a data set of this name, write hf://datasets/${parsed.name}`,
    });
  }
  const { revision } = options;
  const plain = revision !== undefined && parsed.revision === "main";
  return plain ? { ...parsed, revision } : parsed;
}

/** Whether the first two folders of a path are here, so that its rest is meant to be too. */
function hasFolder(path: string): boolean {
  const start = path.split("/").slice(0, 2).join("/");
  return statsOf(start)?.isDirectory() === true;
}

async function fetchDataSet(
  repository: RepositoryName,
  options: ResolveOptions,
): Promise<string[]> {
  const { name, path } = repository;
  const notes: string[] = [];
  const choose: ChooseFiles = async (all, read) => {
    if (path === "" && all.includes("README.md")) {
      const declared = trainingFilesOfCard(name, await read("README.md"), all);
      if (declared) return declared;
    }
    const chosen = chooseHubFiles(name, path, all);
    notes.push(...chosen.notes);
    return chosen.paths.sort();
  };
  const { places } = await fetchRepository(repository, choose, options);
  for (const note of notes) options.report?.say(note);
  return places;
}
