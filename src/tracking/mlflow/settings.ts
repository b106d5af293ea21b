/** The environment variables of MLflow, as its own client and transformers' callback read them. */
import { ConfigError } from "../../util/errors.js";
import type { RunConfigValues } from "../upload/index.js";
import { isOn } from "../variables.js";

type Environment = Readonly<Record<string, string | undefined>>;

export interface MlflowSettings {
  /** Address of the server, without a slash at its end. */
  server: string;
  headers: Readonly<Record<string, string>>;
  experimentName: string;
  experimentId: string | undefined;
  /** A run that exists already. */
  runId: string | undefined;
  tags: Readonly<Record<string, string>>;
  flattenParams: boolean;
  maxParams: number;
}

/** Why nothing can be sent, for one line to the user; `undefined` where a server is named. */
export function mlflowLacks(env: Environment, config: RunConfigValues): string | undefined {
  if (isOn(env.DISABLE_MLFLOW_INTEGRATION)) return "DISABLE_MLFLOW_INTEGRATION is set";
  const configured = textOf(config.mlflow_tracking_uri);
  const source = configured === undefined ? "MLFLOW_TRACKING_URI" : "mlflow_tracking_uri";
  const uri = configured ?? env.MLFLOW_TRACKING_URI?.trim();
  if (!uri) return "MLFLOW_TRACKING_URI is not set, nor mlflow_tracking_uri";
  if (/^https?:\/\//.test(uri) && URL.canParse(uri)) return undefined;
  // The address of a database may hold a password.
  const shown = uri.replace(/\/\/[^/]*@/, "//…@");
  return `${source} is ${shown}, and only a server (http://… or https://…) can be sent to`;
}

/** @throws {@link ConfigError} for a value that cannot be used */
export function mlflowSettings(env: Environment, config: RunConfigValues): MlflowSettings {
  const lack = mlflowLacks(env, config);
  if (lack !== undefined) throw new ConfigError(lack);
  const address = new URL(textOf(config.mlflow_tracking_uri) ?? env.MLFLOW_TRACKING_URI!.trim());
  const workspace = env.MLFLOW_WORKSPACE?.trim();
  const headers = {
    ...authorization(env, address),
    ...(workspace ? { "X-MLFLOW-WORKSPACE": workspace } : {}),
  };
  const most = env.MLFLOW_MAX_LOG_PARAMS ?? "";
  return {
    server: `${address.origin}${address.pathname}`.replace(/\/+$/, ""),
    headers,
    experimentName: textOf(config.project) ?? (env.MLFLOW_EXPERIMENT_NAME || "Default"),
    experimentId: env.MLFLOW_EXPERIMENT_ID || undefined,
    runId: env.MLFLOW_RUN_ID || undefined,
    tags: {
      ...configTags(config),
      ...readTags("MLFLOW_RUN_CONTEXT", env),
      ...readTags("MLFLOW_TAGS", env),
    },
    flattenParams: isOn(env.MLFLOW_FLATTEN_PARAMS),
    maxParams: /^\d+$/.test(most) ? Number(most) : Number.POSITIVE_INFINITY,
  };
}

/** A name and a password come before a token, as in MLflow's client; those of the address before none. */
function authorization(env: Environment, address: URL): Record<string, string> {
  const user = env.MLFLOW_TRACKING_USERNAME || decodeURIComponent(address.username);
  const password = env.MLFLOW_TRACKING_PASSWORD || decodeURIComponent(address.password);
  if (user && password) {
    const pair = Buffer.from(`${user}:${password}`).toString("base64");
    return { Authorization: `Basic ${pair}` };
  }
  const token = env.MLFLOW_TRACKING_TOKEN;
  return token ? { Authorization: `Bearer ${token}` } : {};
}

function readTags(variable: string, env: Environment): Record<string, string> {
  const text = env[variable];
  if (!text) return {};
  try {
    const tags: unknown = JSON.parse(text);
    if (typeof tags === "object" && tags !== null && !Array.isArray(tags)) {
      return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, String(value)]));
    }
  } catch {
    // Told below, as any other text that is no object.
  }
  throw new ConfigError(`${variable} cannot be read`, {
    why: "it is not a JSON object",
    todo: `write it as '{"team": "chat"}'`,
  });
}

/** `run_notes` is what MLflow shows as the description of a run. */
function configTags({ run_notes, run_group, run_tags }: RunConfigValues): Record<string, string> {
  const notes = textOf(run_notes);
  const group = textOf(run_group);
  const tags = Array.isArray(run_tags) && run_tags.length > 0 ? run_tags.join(", ") : undefined;
  return {
    ...(notes === undefined ? {} : { "mlflow.note.content": notes }),
    ...(group === undefined ? {} : { group }),
    ...(tags === undefined ? {} : { tags }),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
