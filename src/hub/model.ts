/** Models by name: a path, a built-in model, or a repository of the hub. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { resolveModelPath } from "../util/builtin-model.js";
import { ConfigError, FormatError } from "../util/errors.js";
import { readRef, repositoryFolder, snapshotFolder } from "./cache.js";
import { parseRepositoryName, type RepositoryName, showRepository } from "./name.js";
import { fetchRepository, type HubOptions } from "./repository.js";
import { hubSettings } from "./settings.js";

export interface ModelOptions extends HubOptions {
  /** Branch, tag or commit; default: that of the name (`OWNER/NAME@REVISION`), else `main`. */
  revision?: string | undefined;
  /** `text`: tokenizer, template and configuration without the weights. Default `all`. */
  parts?: "all" | "text" | undefined;
}

const index = "model.safetensors.index.json";
const single = "model.safetensors";

/** Files beside the weights that Tunewright reads or hands on; never code, never pickled objects. */
const textFiles = [
  ...["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"],
  ...[
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
  ],
  ...["chat_template.jinja", "chat_template.json", "tunewright.json"],
  ...["adapter_config.json", "adapter_model.safetensors"],
];

/**
 * Path of a model's directory or .gguf file. A local path wins over a repository of the same name;
 * a repository's files come from the cache or the hub: weights in safetensors only.
 * @throws ConfigError where there is no such model
 * @throws FormatError where a repository has no weights that can be read
 * @throws EnvironmentError where network, rights or disk do not allow a download
 */
export async function fetchModel(name: string, options: ModelOptions = {}): Promise<string> {
  const local = localModel(name, options);
  if (local !== undefined) return local;
  const repository = modelRepository(name, options);
  if (!repository) throw noModel(name, options);
  if (repository.path !== "") return fetchFile(repository, options);
  const { parts = "all" } = options;
  const { folder } = await fetchRepository(
    repository,
    async (paths, read) => {
      const chosen = chooseFiles(paths, parts, name);
      return chosen.includes(index) ? [...chosen, ...shardsOf(await read(index), name)] : chosen;
    },
    options,
  );
  return folder;
}

/**
 * The same without asking a network: undefined where the model is not on this disk.
 * @throws ConfigError, EnvironmentError for a `builtin:` name that does not exist or is not set up
 */
export function modelOnDisk(name: string, options: ModelOptions = {}): string | undefined {
  const local = localModel(name, options);
  const repository = local === undefined ? modelRepository(name, options) : undefined;
  if (!repository) return local;
  const { cache } = options.settings ?? hubSettings(options.cacheDirectory);
  const home = repositoryFolder(cache, repository);
  const commit = readRef(home, repository.revision);
  const path = commit === undefined ? "" : join(snapshotFolder(home, commit), repository.path);
  return existsSync(path) ? path : undefined;
}

/** Where there is no such model: what was looked at. */
export function noModel(name: string, { cacheDirectory }: ModelOptions = {}): ConfigError {
  const beside = cacheDirectory ? ` and ${join(cacheDirectory, name)}` : "";
  return new ConfigError(`there is no model ${name}`, {
    why: `looked at ${name}${beside}; it is no id of the hub (OWNER/NAME) either`,
    todo: "give a directory with config.json and *.safetensors, a .gguf file, OWNER/NAME on the hub, or builtin:smollm2-135m",
  });
}

/** Whether there is no such path here and the name is one of the hub's. */
export function isHubName(name: string): boolean {
  return (
    !existsSync(name) && !name.startsWith("builtin:") && modelRepository(name, {}) !== undefined
  );
}

function localModel(name: string, { cacheDirectory }: ModelOptions): string | undefined {
  const direct = resolveModelPath(name);
  const beside = cacheDirectory && !name.includes("://") ? [join(cacheDirectory, name)] : [];
  return [direct, ...beside].find((path) => existsSync(path));
}

function modelRepository(name: string, options: ModelOptions): RepositoryName | undefined {
  if (/^(\.{0,2}\/|~)|\/$/.test(name)) return undefined;
  const { endpoint } = options.settings ?? hubSettings(options.cacheDirectory);
  const parsed = parseRepositoryName(name, "model", endpoint);
  if (!parsed || (!isExplicit(name) && parsed.path !== "")) return undefined;
  if (parsed.type === "dataset") {
    throw new ConfigError(`${name} is a data set`, { todo: "give the name of a model" });
  }
  return options.revision === undefined ? parsed : { ...parsed, revision: options.revision };
}

function isExplicit(name: string): boolean {
  return /^(hf|https?):\/\//.test(name);
}

async function fetchFile(repository: RepositoryName, options: ModelOptions): Promise<string> {
  const { path } = repository;
  if (!path.endsWith(".gguf")) {
    throw new ConfigError(`${showRepository(repository)}/${path} is no model`, {
      todo: "name the repository alone, or one .gguf file of it",
    });
  }
  const { folder } = await fetchRepository(
    repository,
    (paths) => {
      if (paths.includes(path)) return [path];
      const there = paths.filter((other) => other.endsWith(".gguf"));
      throw new ConfigError(`the model ${showRepository(repository)} has no file ${path}`, {
        why: there.length > 0 ? `it has ${there.slice(0, 8).join(", ")}` : "it has no .gguf file",
      });
    },
    options,
  );
  return join(folder, path);
}

function chooseFiles(paths: readonly string[], parts: "all" | "text", name: string): string[] {
  const chosen = textFiles.filter((path) => paths.includes(path));
  if (parts === "text") return chosen.filter((path) => !path.endsWith(".safetensors"));
  if (paths.includes(single)) return [...chosen, single];
  if (paths.includes(index)) return [...chosen, index];
  if (chosen.includes("adapter_model.safetensors")) return chosen;
  const gguf = paths.filter((path) => path.endsWith(".gguf"));
  if (gguf.length === 1) return [...chosen, ...gguf];
  const pickled = paths.find((path) => /\.(bin|pt|pth|ckpt)$/.test(path));
  throw new FormatError(`the model ${name} has no safetensors files`, {
    why: pickled
      ? `${pickled} holds Python objects, which are not downloaded because they can run code`
      : gguf.length > 0
        ? `it has ${gguf.length} .gguf files`
        : "it holds no weights in a form that is read",
    todo: pickled
      ? "look for a safetensors version, or convert it once in Python: AutoModelForCausalLM.from_pretrained(id).save_pretrained(out)"
      : gguf.length > 0
        ? `name one: hf://${name}/${gguf[0]}`
        : "check the name of the repository",
  });
}

function shardsOf(text: string, model: string): string[] {
  let map: unknown;
  try {
    map = Object(JSON.parse(text)).weight_map;
  } catch (cause) {
    throw new FormatError(`${model}: ${index} is not JSON`, {
      todo: "tell the owner of the repository",
      cause,
    });
  }
  const names = [...new Set(Object.values(Object(map)))];
  for (const shard of names) {
    const inside = typeof shard === "string" && shard === basename(shard);
    if (inside && shard.endsWith(".safetensors")) continue;
    throw new FormatError(`${model}: ${index} names no safetensors file of the repository`, {
      why: `got ${JSON.stringify(shard)?.slice(0, 100)}`,
    });
  }
  return (names as string[]).sort();
}
