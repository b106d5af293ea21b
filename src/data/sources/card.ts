/** What the card of a data set on the hub (the beginning of its README.md) says about its files. */
import { parse } from "yaml";
import { DataError } from "../../util/errors.js";
import { globToRegExp } from "./glob.js";

/** One of the ways to read a data set: patterns of its training files. */
interface CardPart {
  name: string;
  isDefault: boolean;
  /** Folder that the patterns are meant from; "" for the root. */
  folder: string;
  patterns: string[];
}

/**
 * The training files that the card declares (`configs`, as Python's `datasets` reads it), sorted;
 * undefined if it declares none.
 * @throws DataError if it declares several configurations and no default
 */
export function trainingFilesOfCard(
  name: string,
  readme: string,
  all: readonly string[],
): string[] | undefined {
  const parts = readParts(readme);
  const part = parts.length === 1 ? parts[0] : parts.find(({ isDefault }) => isDefault);
  if (!part) {
    if (parts.length === 0) return undefined;
    const [first] = parts;
    throw new DataError(`the data set ${name} has ${parts.length} configurations to choose from`, {
      why: `its card lists ${parts
        .map((one) => one.name)
        .slice(0, 12)
        .join(", ")}`,
      todo: `give the files of one: ${first!.patterns.map((pattern) => `'hf://datasets/${name}/${pattern}'`).join(" ")}`,
    });
  }
  const tests = part.patterns.map((pattern) => globToRegExp(inFolder(part.folder, pattern)));
  const files = all.filter((path) => tests.some((test) => test.test(path)));
  return files.length > 0 ? [...files].sort() : undefined;
}

function readParts(readme: string): CardPart[] {
  const front = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---/.exec(readme)?.[1];
  if (front === undefined) return [];
  let configs: unknown;
  try {
    ({ configs } = Object(parse(front)) as { configs?: unknown });
  } catch {
    return []; // A card that is not valid YAML declares nothing.
  }
  if (!Array.isArray(configs)) return [];
  return configs.flatMap((config) => {
    const { config_name, data_files, data_dir } = Object(config) as Record<string, unknown>;
    const patterns = trainingPatterns(data_files);
    if (patterns.length === 0) return [];
    const name = typeof config_name === "string" ? config_name : "default";
    const isDefault = Object(config).default === true || name === "default";
    return [{ name, isDefault, folder: typeof data_dir === "string" ? data_dir : "", patterns }];
  });
}

/** `data_files` is a pattern, a list of them, or a list of splits with patterns. */
function trainingPatterns(files: unknown): string[] {
  const list = Array.isArray(files) ? files : [files];
  const plain = list.filter((item) => typeof item === "string");
  if (plain.length > 0) return plain;
  const splits = list.map((item) => Object(item) as { split?: unknown; path?: unknown });
  const training = splits.filter(({ split }) => /^train/.test(String(split)));
  const taken = training.length > 0 ? training : splits;
  return taken.flatMap(({ path }) => path).filter((path) => typeof path === "string");
}

function inFolder(folder: string, pattern: string): string {
  const clean = folder.replace(/^\.?\/|\/+$/g, "");
  const own = pattern.replace(/^\.?\//, "");
  return clean === "" || clean === "." ? own : `${clean}/${own}`;
}
