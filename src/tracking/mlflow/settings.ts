/** The environment variables of MLflow, as its own client and transformers' callback read them. */
import { ConfigError } from "../../util/errors.js";
import type { RunConfigValues } from "../upload/index.js";

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
export function mlflowLacks(env: Environment): string | undefined {
  const uri = env.MLFLOW_TRACKING_URI;
  if (!uri) return "MLFLOW_TRACKING_URI is not set";
  if (/^https?:\/\//.test(uri) && URL.canParse(uri)) return undefined;
  return `MLFLOW_TRACKING_URI is ${uri}, and only a server (http://… or https://…) can be sent to`;
}

/** @throws {@link ConfigError} for a value that cannot be used */
export function mlflowSettings(env: Environment, config: RunConfigValues): MlflowSettings {
  const lack = mlflowLacks(env);
  if (lack !== undefined) throw new ConfigError(lack);
  const most = env.MLFLOW_MAX_LOG_PARAMS ?? "";
  return {
    server: env.MLFLOW_TRACKING_URI!.replace(/\/+$/, ""),
    headers: authorization(env),
    experimentName: textOf(config.project) ?? (env.MLFLOW_EXPERIMENT_NAME || "Default"),
    experimentId: env.MLFLOW_EXPERIMENT_ID || undefined,
    runId: env.MLFLOW_RUN_ID || undefined,
    tags: { ...configTags(config), ...readTags(env.MLFLOW_TAGS) },
    flattenParams: isOn(env.MLFLOW_FLATTEN_PARAMS),
    maxParams: /^\d+$/.test(most) ? Number(most) : Number.POSITIVE_INFINITY,
  };
}

/** What is set but does nothing here, a line each. */
export function mlflowIgnored(env: Environment): string[] {
  const lines: string[] = [];
  if (isOn(env.HF_MLFLOW_LOG_ARTIFACTS)) {
    lines.push("HF_MLFLOW_LOG_ARTIFACTS has no effect: checkpoints stay in output_dir");
  }
  if (isOn(env.MLFLOW_NESTED_RUN)) {
    lines.push("MLFLOW_NESTED_RUN has no effect: no run of this process can hold another");
  }
  if (isOn(env.MLFLOW_TRACKING_INSECURE_TLS)) {
    lines.push(
      "MLFLOW_TRACKING_INSECURE_TLS has no effect: set NODE_EXTRA_CA_CERTS to the certificate of the server",
    );
  }
  if (env.MLFLOW_TRACKING_SERVER_CERT_PATH) {
    lines.push("MLFLOW_TRACKING_SERVER_CERT_PATH has no effect: use NODE_EXTRA_CA_CERTS");
  }
  return lines;
}

/** A name and a password come before a token, as in MLflow's client. */
function authorization(env: Environment): Record<string, string> {
  const { MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = env;
  if (user && password) {
    const pair = Buffer.from(`${user}:${password}`).toString("base64");
    return { Authorization: `Basic ${pair}` };
  }
  const token = env.MLFLOW_TRACKING_TOKEN;
  return token ? { Authorization: `Bearer ${token}` } : {};
}

function readTags(text: string | undefined): Record<string, string> {
  if (!text) return {};
  try {
    const tags: unknown = JSON.parse(text);
    if (typeof tags === "object" && tags !== null && !Array.isArray(tags)) {
      return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, String(value)]));
    }
  } catch {
    // Told below, as any other text that is no object.
  }
  throw new ConfigError("MLFLOW_TAGS cannot be read", {
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

function isOn(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}
