/**
 * URL, cache folder and token of the hub, from the same environment variables as Python's
 * huggingface_hub.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError } from "../util/errors.js";
import { homeFolder } from "../util/homeFolder.js";

export interface HubSettings {
  /** URL of the hub or a mirror, without a trailing slash. `HF_ENDPOINT`. */
  endpoint: string;
  /** Folder for downloaded repositories. `HF_HUB_CACHE`, otherwise `hub` in `HF_HOME`. */
  cache: string;
  /** Folder for files downloaded from plain URLs. `TUNEWRIGHT_CACHE`, otherwise in `HF_HOME`. */
  urlCache: string;
  /** No network access. `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`. */
  offline: boolean;
  /** `HF_TOKEN`, or the token stored by `hf auth login`. */
  token: string | undefined;
  /** Timeout for the start of a response, in ms. `HF_HUB_ETAG_TIMEOUT` (in seconds). */
  answerTimeout: number;
  /** Timeout for more data, in ms. `HF_HUB_DOWNLOAD_TIMEOUT` (in seconds). */
  stallTimeout: number;
  /** Delay before the first retry, in ms; doubled each time. */
  retryDelay: number;
}

const publicEndpoint = "https://huggingface.co";

/**
 * Reads the settings from the current environment.
 * @param cacheDirectory used instead of `HF_HUB_CACHE`, as `cache_dir` in transformers
 * @throws ConfigError if `HF_ENDPOINT` is not a URL
 */
export function hubSettings(cacheDirectory?: string): HubSettings {
  const { env } = process;
  const home = folder(env.HF_HOME) ?? join(cacheHome(), "huggingface");
  const cache = folder(cacheDirectory) ?? folder(env.HF_HUB_CACHE);
  return {
    endpoint: endpointOf(env.HF_ENDPOINT),
    cache: cache ?? folder(env.HUGGINGFACE_HUB_CACHE) ?? join(home, "hub"),
    urlCache: join(folder(env.TUNEWRIGHT_CACHE) ?? join(home, "tunewright"), "urls"),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    token: tokenOf(home),
    answerTimeout: seconds(env.HF_HUB_ETAG_TIMEOUT, 15),
    stallTimeout: seconds(env.HF_HUB_DOWNLOAD_TIMEOUT, 30),
    retryDelay: 1000,
  };
}

function cacheHome(): string {
  return folder(process.env.XDG_CACHE_HOME) ?? join(homeFolder(), ".cache");
}

/** An absolute path; `~` and `$NAME` are expanded as in a shell. */
function folder(value: string | undefined): string | undefined {
  if (!value) return undefined;
  const home = value === "~" || value.startsWith("~/") ? join(homeFolder(), value.slice(1)) : value;
  const named = home.replace(/\$(?:\{(\w+)\}|(\w+))/g, (text, braced, bare) => {
    return process.env[braced ?? bare] ?? text;
  });
  return resolve(named);
}

function endpointOf(value: string | undefined): string {
  if (!value) return publicEndpoint;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return value.replace(/\/+$/, "");
  throw new ConfigError(`HF_ENDPOINT ${JSON.stringify(value)} is not a URL`, {
    todo: "include the scheme, for example https://huggingface.co, or unset it",
  });
}

function tokenOf(home: string): string | undefined {
  const { env } = process;
  const given = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN;
  if (given) return given.trim();
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  try {
    return (
      readFileSync(folder(env.HF_TOKEN_PATH) ?? join(home, "token"), "utf8").trim() || undefined
    );
  } catch {
    return undefined;
  }
}

function isTrue(value: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(value?.toUpperCase() ?? "");
}

function seconds(value: string | undefined, otherwise: number): number {
  const given = Number(value);
  return 1000 * (given > 0 ? given : otherwise);
}
