/** What W&B is told: our configuration, and the variables of the environment that wandb reads. */
import { join, resolve } from "node:path";
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
  readonly baseUrl: string;
  /** Never shown. */
  readonly apiKey: string | undefined;
  /** Whether lines that tell of no trouble are left out. */
  readonly silent: boolean;
  /** A line each: variables that are overruled, corrected or without effect. */
  readonly remarks: readonly string[];
}

/** Variables that have an effect here. */
const honoured = new Set(
  (
    "MODE DISABLED DIR PROJECT ENTITY NAME NOTES TAGS RUN_ID RUN_GROUP JOB_TYPE RESUME API_KEY " +
    "BASE_URL SILENT"
  )
    .split(" ")
    .map((name) => `WANDB_${name}`),
);

/** Variables that ask for nothing that matters here: how wandb's own processes run and what they print. */
const idle =
  /^WANDB_(QUIET|CONSOLE|SERVICE|START_METHOD|X_.*|_.*|(CACHE|CONFIG|DATA|ARTIFACT)_DIR|.*TIMEOUT.*|SHOW_.*|ERROR_REPORTING|CORE_DEBUG|DEBUG)$/;

/** Values of variables with which nothing is asked for. */
const nothing = new Set(["", "false", "0", "no", "off", "none"]);

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
  const remarks = idleVariables(env);
  const choose = (key: string, variable: string): string | undefined => {
    const configured = asText(config[key]);
    const set = env[variable]?.trim() || undefined;
    if (configured !== undefined && set !== undefined && configured !== set)
      remarks.push(`${variable} has no effect, because ${key} is ${configured}.`);
    return configured ?? set;
  };
  const project = choose("project", "WANDB_PROJECT") ?? "huggingface";
  const folder = env.WANDB_DIR?.trim() || asText(config.output_dir) || ".";
  const baseUrl = (env.WANDB_BASE_URL?.trim() || defaultUrl).replace(/\/+$/, "");
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
    name: choose("run_name", "WANDB_NAME"),
    notes: choose("run_notes", "WANDB_NOTES"),
    group: choose("run_group", "WANDB_RUN_GROUP"),
    jobType: env.WANDB_JOB_TYPE?.trim() || undefined,
    tags: tags.length > 0 ? tags : asList(env.WANDB_TAGS),
    runId: runId !== undefined && isName(runId, 64) ? runId : undefined,
    baseUrl,
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

/** A line on variables of wandb that are set and do nothing here. Values are not shown. */
function idleVariables(env: NodeJS.ProcessEnv): string[] {
  const names = Object.keys(env).filter(
    (name) =>
      name.startsWith("WANDB_") &&
      !honoured.has(name) &&
      !idle.test(name) &&
      !nothing.has((env[name] ?? "").trim().toLowerCase()),
  );
  const remarks = names.length > 0 ? [`${names.sort().join(", ")}: no effect.`] : [];
  const resume = env.WANDB_RESUME?.trim().toLowerCase() ?? "";
  if (["never", "must"].includes(resume))
    remarks.push(`WANDB_RESUME ${resume} has no effect: a run that goes on keeps its id.`);
  return remarks;
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

function isOn(value: string | undefined): boolean {
  return ["true", "1", "yes", "on", "y", "t"].includes(value?.trim().toLowerCase() ?? "");
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function asList(value: unknown): string[] {
  if (typeof value === "string") return value.split(",").flatMap((tag) => tag.trim() || []);
  return Array.isArray(value) ? value.map(String) : [];
}
