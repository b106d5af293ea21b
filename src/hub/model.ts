/** Models by name: a path, a built-in model, or a repository of the hub. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { resolveModelPath } from "../util/builtin-model.js";
import { ConfigError, FormatError } from "../util/errors.js";
import { brokenLink } from "../util/missingPath.js";
import { adapterWeights, modelWeights } from "../util/weightFiles.js";
import { readRef, repositoryFolder, snapshotFolder } from "./cache.js";
import { parseRepositoryName, type RepositoryName, showRepository } from "./name.js";
import { fetchRepository, type HubOptions } from "./repository.js";
import { hubSettings } from "./settings.js";

export interface ModelOptions extends HubOptions {
  /** Branch, tag or commit; default: the one in the name (`OWNER/NAME@REVISION`), otherwise `main`. */
  revision?: string | undefined;
  /** `text`: tokenizer, template and configuration without the weights. Default `all`. */
  parts?: "all" | "text" | undefined;
}

const layouts = Object.values(modelWeights);

/** Files besides the weights that Tunewright reads or copies; never code. */
const textFiles = [
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "tokenizer.model",
  "qwen.tiktoken",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "merges.txt",
  "chat_template.jinja",
  "chat_template.json",
  "tunewright.json",
  "adapter_config.json",
];

/**
 * The path of a model's directory or .gguf file. A local path takes precedence over a repository of
 * the same name; the files of a repository come from the cache or the hub (pickled weights only where
 * there are no others).
 * @throws ConfigError if there is no such model
 * @throws FormatError if a repository has no weights that can be read
 * @throws EnvironmentError if the network, permissions or the disk prevent a download
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
      const list = layouts.map(({ index }) => index).find((index) => chosen.includes(index));
      return list ? [...chosen, ...shardsOf(await read(list), list, name)] : chosen;
    },
    options,
  );
  return folder;
}

/**
 * The same without network access: undefined if the model is not on this disk.
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

/** The error if there is no such model. */
export function noModel(name: string, { cacheDirectory }: ModelOptions = {}): ConfigError {
  const link = brokenLink(resolveModelPath(name));
  if (link !== undefined) {
    return new ConfigError(`model ${name} not found`, { why: link, todo: "correct the link" });
  }
  const beside = cacheDirectory ? ` or ${join(cacheDirectory, name)}` : "";
  return new ConfigError(`model ${name} not found`, {
    why: `there is no ${name}${beside}, and it is not an id of the hub (OWNER/NAME)`,
    todo: "give a directory with config.json and *.safetensors, a .gguf file, OWNER/NAME on the hub, or builtin:smollm2-135m",
  });
}

/** Whether the name is not a local path but has the form of an id of the hub. */
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
    throw new ConfigError(`${showRepository(repository)}/${path} is not a model`, {
      todo: "give the repository alone, or one of its .gguf files",
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
  const chosen = [
    ...textFiles.filter((path) => paths.includes(path)),
    ...paths.filter((path) => /^additional_chat_templates\/[^/]+\.jinja$/.test(path)),
  ];
  if (parts === "text") return chosen;
  const weights = layouts
    .flatMap(({ single, index }) => [single, index])
    .find((path) => paths.includes(path));
  const adapter = adapterWeights.find((path) => paths.includes(path));
  if (adapter) chosen.push(adapter);
  if (weights) return [...chosen, weights];
  if (adapter) return chosen;
  const gguf = paths.filter((path) => path.endsWith(".gguf"));
  if (gguf.length === 1) return [...chosen, ...gguf];
  const other = paths.find((path) => /\.(bin|pt|pth|ckpt)$/.test(path));
  throw new FormatError(`the model ${name} has no weights in a supported layout`, {
    why:
      gguf.length > 0
        ? `it has ${gguf.length} .gguf files`
        : `it has no ${[...layouts.map(({ single }) => single), ...adapterWeights].join(", ")}${other ? `, only ${other}` : ""}`,
    todo:
      gguf.length > 0
        ? `choose one, for example hf://${name}/${gguf[0]}`
        : "check the name of the repository",
  });
}

function shardsOf(text: string, index: string, model: string): string[] {
  let map: unknown;
  try {
    map = Object(JSON.parse(text)).weight_map;
  } catch (cause) {
    throw new FormatError(`${model}: ${index} is not valid JSON`, {
      todo: "inform the owner of the repository",
      cause,
    });
  }
  const names = [...new Set(Object.values(Object(map)))];
  for (const shard of names) {
    const inside = typeof shard === "string" && shard === basename(shard);
    if (inside && /\.(safetensors|bin)$/.test(shard)) continue;
    throw new FormatError(
      `${model}: ${index} refers to something that is no weight file of the repository`,
      {
        why: `got ${JSON.stringify(shard)?.slice(0, 100)}`,
      },
    );
  }
  return (names as string[]).sort();
}
