/** What W&B is told: our configuration, and the variables of the environment that wandb reads. */
import os from "node:os";
import { join, resolve } from "node:path";
import { isOn } from "../variables.js";
import { keyFromNetrc } from "./netrc.js";

/** Where and under which name a run is shown. */
export interface WandbSettings {
  readonly mode: "online" | "offline" | "disabled";
  /** Why nothing is uploaded; `undefined` where it is. */
  readonly reason: string | undefined;
  /** The folder that holds a folder for each attempt. */
  readonly folder: string;
  readonly project: string;
  readonly entity: string | undefined;
  readonly name: string | undefined;
  readonly notes: string | undefined;
  readonly group: string | undefined;
  readonly jobType: string | undefined;
  readonly tags: readonly string[];
  /** Only where the environment asks for one. */
  readonly runId: string | undefined;
  /** The machine's name on the page. */
  readonly host: string;
  readonly baseUrl: string;
  /** Where people look at runs. */
  readonly pageUrl: string;
  /** Never shown. */
  readonly apiKey: string | undefined;
  /** Whether lines that tell of no trouble are left out. */
  readonly silent: boolean;
  /** A line each: values that are overruled, corrected or without effect. */
  readonly remarks: readonly string[];
}

const defaultUrl = "https://api.wandb.ai";

/**
 * A value of the configuration wins over a variable, as an argument of `wandb.init` does.
 *
 * @param config values of `config.json`: `output_dir`, `project`, `run_name`, …
 */
export function wandbSettings(
  config: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
): WandbSettings {
  const remarks: string[] = [];
  const choose = (key: string, variable: string, other = variable): string | undefined => {
    const configured = asText(config[key]);
    const set = env[variable]?.trim() || env[other]?.trim() || undefined;
    if (configured !== undefined && set !== undefined && configured !== set)
      remarks.push(`${variable} has no effect, because ${key} is ${configured}.`);
    return configured ?? set;
  };
  const project = choose("project", "WANDB_PROJECT") ?? "huggingface";
  const folder = env.WANDB_DIR?.trim() || asText(config.output_dir) || ".";
  const baseUrl = withoutSlash(env.WANDB_BASE_URL?.trim() || defaultUrl);
  const tags = asList(config.run_tags);
  const runId = env.WANDB_RUN_ID?.trim() || undefined;
  if (runId !== undefined && !isName(runId, 64))
    remarks.push(
      "WANDB_RUN_ID has no effect: an id has at most 64 characters, none of / \\ # ? % :",
    );
  return {
    ...modeOf(config, env, baseUrl, remarks),
    folder: join(resolve(folder), "wandb"),
    project: allowedName(project, remarks),
    entity: choose("wandb_entity", "WANDB_ENTITY"),
    name: choose("run_name", "WANDB_NAME", "WANDB_RUN_NAME"),
    notes: choose("run_notes", "WANDB_NOTES", "WANDB_RUN_NOTES"),
    group: choose("run_group", "WANDB_RUN_GROUP"),
    jobType: env.WANDB_JOB_TYPE?.trim() || env.WANDB_RUN_JOB_TYPE?.trim() || undefined,
    tags: tags.length > 0 ? tags : asList(env.WANDB_TAGS || env.WANDB_RUN_TAGS),
    runId: runId !== undefined && isName(runId, 64) ? runId : undefined,
    host: env.WANDB_HOST?.trim() || os.hostname(),
    baseUrl,
    // The address of W&B's page follows from that of its server.
    pageUrl: withoutSlash(env.WANDB_APP_URL?.trim() || baseUrl.replace("://api.", "://")),
    silent: isOn(env.WANDB_SILENT),
    remarks,
  };
}

type Mode = Pick<WandbSettings, "mode" | "reason" | "apiKey">;

/** Whether a run is uploaded while it goes on: where that is asked for, and a key is there. */
function modeOf(
  config: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
  baseUrl: string,
  remarks: string[],
): Mode {
  const configured = asText(config.wandb_mode);
  const asked = (configured ?? (env.WANDB_MODE?.trim() || "online")).toLowerCase();
  const source = configured === undefined ? "WANDB_MODE" : "wandb_mode";
  if (asked === "disabled" || (configured === undefined && isOn(env.WANDB_DISABLED))) {
    const cause = asked === "disabled" ? `${source} is disabled` : "WANDB_DISABLED is set";
    return { mode: "disabled", reason: cause, apiKey: undefined };
  }
  const offline = (reason: string): Mode => ({ mode: "offline", reason, apiKey: undefined });
  if (asked === "offline" || asked === "dryrun") return offline(`${source} is ${asked}`);
  if (!["online", "shared", "run"].includes(asked)) {
    remarks.push(`${source} ${asked} is unknown (online, offline, disabled): taken as offline.`);
    return offline(`${source} is not one of online, offline, disabled`);
  }
  if (!URL.canParse(baseUrl) || !/^https?:/.test(baseUrl))
    return offline("WANDB_BASE_URL is not an http address");
  const apiKey = env.WANDB_API_KEY?.trim() || keyFromNetrc(new URL(baseUrl).hostname, env);
  if (!apiKey) return offline("there is no key (WANDB_API_KEY, or wandb login)");
  return { mode: "online", reason: undefined, apiKey };
}

function allowedName(project: string, remarks: string[]): string {
  if (isName(project, 128)) return project;
  const allowed = project.replace(/[/\\#?%:]/g, "-").slice(0, 128);
  remarks.push(`The project is called ${allowed}: a name has no / \\ # ? % : and 128 characters.`);
  return allowed;
}

function isName(name: string, longest: number): boolean {
  return name.length <= longest && !/[/\\#?%:]/.test(name);
}

function withoutSlash(address: string): string {
  return address.replace(/\/+$/, "");
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function asList(value: unknown): string[] {
  if (typeof value === "string") return value.split(",").flatMap((tag) => tag.trim() || []);
  return Array.isArray(value) ? value.map(String) : [];
}
