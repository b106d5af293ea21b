/** Where a model and the adapters on it lie, whichever way they are named. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readVocabularySize } from "../format/index.js";
import { fetchModel, isHubName, type ModelOptions } from "../hub/index.js";
import { adapterStack, isAdapterDirectory, readAdapterConfig } from "../lora/index.js";
import { vocabularyFiles } from "../text/index.js";
import { ConfigError } from "../util/errors.js";
import { brokenLink } from "../util/missingPath.js";

/** A base model and the adapters on it, on this disk. */
export interface ModelPlace {
  /** The base model as the user, or the adapter, calls it. */
  name: string;
  /** Where its weights lie. */
  path: string;
  /** Directories of adapters, each alone, the lowest first. */
  adapters: readonly string[];
  /** Factor on what each of them adds. */
  weights: readonly number[];
}

/** An adapter to be found: a directory or id, with the factor on what it adds, if not 1. */
export type AdapterName = string | { name: string; weight: number };

/**
 * Finds a model and adapters, and downloads what is not here.
 *
 * @param name model directory, GGUF file, `builtin:` name, id on the hub; or the directory or id of
 *   an adapter, whose base model, and the adapters that lie under it, are then found too
 * @param adapterNames directories or ids of adapters that lie on it, the lowest first; a factor does
 *   not count for those that lie under one
 * @throws ConfigError where something is not there, or an adapter does not say on which model it lies
 */
export async function locateModel(
  name: string,
  adapterNames: readonly AdapterName[] = [],
  options: ModelOptions = {},
): Promise<ModelPlace> {
  const path = wholeResult(await fetchModel(name, options));
  const base = isAdapterDirectory(path)
    ? await underAdapter(name, path, options)
    : { name, path, adapters: [], weights: [] };
  const adapters = [...base.adapters];
  const weights = [...base.weights];
  for (const adapter of adapterNames) {
    const { name: directory, weight } =
      typeof adapter === "string" ? { name: adapter, weight: 1 } : adapter;
    const stack = await stackOf(directory, options);
    adapters.push(...stack);
    weights.push(...stack.map((_, i) => (i === stack.length - 1 ? weight : 1)));
  }
  return { ...base, adapters, weights };
}

async function stackOf(name: string, { revision: _, ...options }: ModelOptions): Promise<string[]> {
  const directory = wholeResult(isHubName(name) ? await fetchModel(name, options) : name);
  if (isAdapterDirectory(directory)) return adapterStack(directory);
  const inside = innerAdapter(directory);
  throw new ConfigError(`${name} does not contain an adapter`, {
    why: brokenLink(directory) ?? "there is no adapter_config.json",
    todo:
      inside === undefined
        ? "give the directory of a run, or one of its checkpoint-N directories"
        : `give ${inside}`,
  });
}

/**
 * Where the result of a run lies as a whole: one that is complete but not yet in its place counts
 * before the files of the one that it takes the place of.
 */
function wholeResult(directory: string): string {
  const staged = join(directory, "result.staged");
  return existsSync(join(staged, "result.json")) ? staged : directory;
}

/** PEFT saves an adapter that has a name of its own in a folder of that name. */
function innerAdapter(directory: string): string | undefined {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .find(isAdapterDirectory);
}

/** The base model of an adapter, with the adapters up to it. */
async function underAdapter(
  name: string,
  directory: string,
  { revision: _, ...options }: ModelOptions,
): Promise<ModelPlace> {
  const { base_model_name_or_path: base, revision } = readAdapterConfig(directory);
  if (base === null) {
    throw new ConfigError(`the base model of ${name} is unknown`, {
      why: "base_model_name_or_path is missing in its adapter_config.json",
      todo: "give the base model, and the directory as its adapter",
    });
  }
  // Its path is meant from the working directory, or else from the adapter's.
  const beside = resolve(dirname(directory), base);
  const known = !existsSync(base) && existsSync(beside) ? beside : base;
  const place = await locateModel(
    known,
    [],
    revision === null ? options : { ...options, revision },
  );
  const adapters = [...place.adapters, ...adapterStack(directory)];
  return { ...place, adapters, weights: adapters.map(() => 1) };
}

/** The uppermost directory of a model and its adapters that has one of these files; else the model's own. */
function homeOf(files: readonly string[], { path, adapters }: ModelPlace): string {
  const has = (one: string) => files.some((file) => existsSync(join(one, file)));
  return adapters.toReversed().find(has) ?? path;
}

/** The directory, or GGUF file, whose tokenizer counts. */
export function tokenizerHome(place: ModelPlace): string {
  return homeOf(vocabularyFiles, place);
}

/** Rows of the model's embedding, with those that its adapters bring. */
export function vocabularyRows({ path, adapters }: ModelPlace): number {
  const brought = adapters.map((one) => readAdapterConfig(one).vocabulary_rows ?? 0);
  return Math.max(readVocabularySize(path), ...brought);
}

/** The directory, or GGUF file, beside which the template in training is named. */
export function templateHome(place: ModelPlace): string {
  return homeOf(["tunewright.json"], place);
}
