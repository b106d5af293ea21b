/** The environment variables and the stored login of SwanLab, as its own client reads them. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { homeFolder } from "../../util/homeFolder.js";
import type { RunConfigValues } from "../upload/index.js";
import { isOn } from "../variables.js";

type Environment = Readonly<Record<string, string | undefined>>;

export interface SwanlabSettings {
  apiKey: string;
  /** Address of the API, without a path. */
  apiHost: string;
  /** Address of the page. */
  webHost: string;
  project: string;
  isPublic: boolean;
  /** User or organization; that of the key where absent. */
  workspace: string | undefined;
  name: string | undefined;
  runId: string | undefined;
  /** Whether a run of that id has to be there already. */
  mustExist: boolean;
  description: string | undefined;
  tags: readonly string[];
  group: string | undefined;
  jobType: string | undefined;
  color: string | undefined;
}

const publicApi = "https://api.swanlab.cn";
const publicPage = "https://swanlab.cn";

/** Why nothing can be sent, for one line to the user; `undefined` where a key is there. */
export function swanlabLacks(env: Environment): string | undefined {
  const mode = env.SWANLAB_MODE ?? "online";
  if (!["online", "cloud"].includes(mode)) {
    return `SWANLAB_MODE is ${mode}, and only online sends anything`;
  }
  return login(env) ? undefined : "SWANLAB_API_KEY is not set, and `swanlab login` has stored none";
}

/** Keys of the configuration come before variables. */
export function swanlabSettings(env: Environment, config: RunConfigValues): SwanlabSettings {
  const { apiKey = "", apiHost, webHost } = login(env) ?? {};
  const api = hostOf(env.SWANLAB_API_HOST || apiHost || publicApi);
  const page = api === publicApi ? publicPage : api;
  // An older and a newer name of the same; the client takes either.
  const variable = (...names: string[]) =>
    names.map((name) => env[`SWANLAB_${name}`]?.trim()).find(Boolean);
  return {
    apiKey,
    apiHost: api,
    webHost: hostOf(env.SWANLAB_WEB_HOST || webHost || page),
    project: projectName(
      textOf(config.project) ||
        variable("PROJECT", "PROJ_NAME", "PROJECT_NAME") ||
        basename(process.cwd()),
    ),
    isPublic: isOn(variable("PUBLIC", "PROJECT_PUBLIC")),
    workspace: textOf(config.swanlab_workspace) || variable("WORKSPACE", "PROJECT_WORKSPACE"),
    name: textOf(config.run_name) || variable("EXP_NAME", "EXPERIMENT_NAME"),
    runId: variable("RUN_ID"),
    mustExist: variable("RESUME", "RUN_RESUME")?.toLowerCase() === "must",
    description: textOf(config.run_notes) || variable("DESCRIPTION", "EXPERIMENT_DESCRIPTION"),
    tags: tagsOf(config.run_tags, variable("TAGS") ?? ""),
    group: textOf(config.run_group) || variable("GROUP", "EXPERIMENT_GROUP"),
    jobType: variable("JOB_TYPE", "EXPERIMENT_JOB_TYPE"),
    color: variable("EXP_COLOR", "EXPERIMENT_COLOR"),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function tagsOf(configured: unknown, variable: string): string[] {
  const tags = Array.isArray(configured) ? configured.map(String) : [];
  if (tags.length > 0) return tags;
  return variable
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
}

/** Letters, digits and `_-+.`, 100 at most: what the server takes. */
function projectName(given: string): string {
  return given.replace(/[^0-9a-zA-Z_\-+.]/g, "-").slice(0, 100) || "tunewright";
}

interface Login {
  apiKey: string;
  apiHost?: string;
  webHost?: string;
}

/** The key from the environment; else what `swanlab login` has stored, here or in the home directory. */
function login(env: Environment): Login | undefined {
  if (env.SWANLAB_API_KEY) return { apiKey: env.SWANLAB_API_KEY };
  const home = env.SWANLAB_ROOT || env.SWANLAB_SAVE_DIR || join(homeFolder(), ".swanlab");
  for (const directory of [join(process.cwd(), ".swanlab"), home]) {
    const stored = storedLogin(join(directory, ".netrc"));
    if (!stored) continue;
    // A key for another server than the one that is named is not sent to it.
    const other = env.SWANLAB_API_HOST && hostOf(env.SWANLAB_API_HOST) !== stored.apiHost;
    return other ? undefined : stored;
  }
  return undefined;
}

/** `machine API_HOST login WEB_HOST password KEY` */
function storedLogin(path: string): Login | undefined {
  let words: string[];
  try {
    words = readFileSync(path, "utf8").split(/\s+/);
  } catch {
    return undefined;
  }
  const after = (name: string) => words[words.indexOf(name) + 1 || words.length];
  const [machine, page, apiKey] = [after("machine"), after("login"), after("password")];
  if (!machine || !apiKey) return undefined;
  return { apiKey, apiHost: hostOf(machine), ...(page ? { webHost: hostOf(page) } : {}) };
}

/** Scheme, host and port of an address; https where it names no scheme. */
function hostOf(address: string): string {
  const url = address.includes("://") ? address : `https://${address}`;
  return URL.canParse(url) ? new URL(url).origin : url;
}
