/** An MLflow server, over its REST API (https://mlflow.org/docs/latest/api_reference/rest-api.html). */
import { userInfo } from "node:os";
import {
  type EndReason,
  type OpenedRun,
  type Point,
  type RunFacts,
  type SendJson,
  ServerError,
  type Service,
} from "../upload/index.js";
import { runParams } from "./params.js";
import type { MlflowSettings } from "./settings.js";

/** What MLflow says of a run. */
interface MlflowRun {
  info: { run_id: string; experiment_id: string; lifecycle_stage?: string };
  data?: {
    metrics?: { key: string; step?: number | string }[];
    params?: { key: string; value: string }[];
  };
}

/** The server's limits of one request: `validation.py` of MLflow. */
const metricsAtOnce = 1000;
const paramsAtOnce = 100;
const longestName = 250;

const statusOf: Record<EndReason, string> = {
  done: "FINISHED",
  stopped: "KILLED",
  failed: "FAILED",
  killed: "KILLED",
};

export function mlflowService(
  send: SendJson,
  env: NodeJS.ProcessEnv,
  settings: MlflowSettings,
): Service {
  const call = callServer(send, settings);
  let runId = "";

  const logParams = async (run: MlflowRun, facts: RunFacts, say: (line: string) => void) => {
    const { params, notes } = runParams(facts.config, settings);
    const known = new Map(run.data?.params?.map(({ key, value }) => [key, value]));
    const changed = params.filter(({ key, value }) => (known.get(key) ?? value) !== value);
    if (changed.length > 0) {
      const names = changed.map(({ key }) => key).join(", ");
      say(`keeps the first values of ${names}: a parameter cannot change there`);
    }
    if (known.size === 0) for (const line of notes) say(line);
    const lacking = params.filter(({ key }) => !known.has(key));
    for (let i = 0; i < lacking.length; i += paramsAtOnce) {
      const part = lacking.slice(i, i + paramsAtOnce);
      await call("POST", "runs/log-batch", { run_id: runId, params: part });
    }
  };

  return {
    nameOf: mlflowName,
    async begin(facts, saved, say): Promise<OpenedRun> {
      const known =
        settings.runId ?? (saved?.server === settings.server ? saved.run_id : undefined);
      const run =
        known === undefined
          ? await createRun(call, settings, facts, env)
          : await reopenRun(call, known);
      runId = run.info.run_id;
      await logParams(run, facts, say);
      const sent = new Map(run.data?.metrics?.map(({ key, step }) => [key, Number(step ?? 0)]));
      return {
        saved: { server: settings.server, run_id: runId },
        page: `${settings.server}/#/experiments/${run.info.experiment_id}/runs/${runId}`,
        sent,
      };
    },
    async send(points) {
      for (let i = 0; i < points.length; i += metricsAtOnce) {
        const metrics = points.slice(i, i + metricsAtOnce).map(metricOf);
        await call("POST", "runs/log-batch", { run_id: runId, metrics });
      }
    },
    async end(reason, time) {
      const body = { run_id: runId, status: statusOf[reason], end_time: milliseconds(time) };
      await call("POST", "runs/update", body);
    },
  };
}

type Call = (method: "GET" | "POST", path: string, body?: object) => Promise<unknown>;

function callServer(send: SendJson, { server, headers }: MlflowSettings): Call {
  return async (method, path, body) => {
    try {
      const url = `${server}/api/2.0/mlflow/${path}`;
      return (await send({ method, url, headers, ...(body ? { body } : {}) })).data;
    } catch (error) {
      if (!(error instanceof ServerError) || ![401, 403].includes(error.status)) throw error;
      const todo =
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN";
      throw new ServerError(`${error.message}: ${todo}`, error.status, error.code);
    }
  };
}

async function createRun(
  call: Call,
  settings: MlflowSettings,
  { name, time, directory }: RunFacts,
  env: NodeJS.ProcessEnv,
): Promise<MlflowRun> {
  const tags = {
    "mlflow.user": userName(env),
    "mlflow.source.name": "tunewright train",
    "mlflow.source.type": "LOCAL",
    "mlflow.runName": name,
    output_dir: directory,
    ...settings.tags,
  };
  const { run } = (await call("POST", "runs/create", {
    experiment_id: settings.experimentId ?? (await experimentNamed(call, settings.experimentName)),
    run_name: name,
    start_time: milliseconds(time),
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  })) as { run: MlflowRun };
  return run;
}

async function reopenRun(call: Call, runId: string): Promise<MlflowRun> {
  const path = `runs/get?run_id=${encodeURIComponent(runId)}`;
  const { run } = (await call("GET", path)) as { run: MlflowRun };
  await call("POST", "runs/update", { run_id: runId, status: "RUNNING" });
  return run;
}

/** The experiment's id; it is created where there is none. */
async function experimentNamed(call: Call, name: string): Promise<string> {
  const find = async () => {
    const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    return (await call("GET", path)) as { experiment: { experiment_id: string } };
  };
  try {
    return (await find()).experiment.experiment_id;
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
  }
  try {
    const made = (await call("POST", "experiments/create", { name })) as { experiment_id: string };
    return made.experiment_id;
  } catch (error) {
    // Another run has created it in between.
    if (!(error instanceof ServerError) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
    return (await find()).experiment.experiment_id;
  }
}

function metricOf({ name, value, step, time }: Point): object {
  // JSON has no such numbers; the server reads these words.
  const word = Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  const given = Number.isFinite(value) ? value : word;
  return { key: name, value: given, step, timestamp: milliseconds(time) };
}

/** The server takes letters, digits and `_-. :/`, and no path that has another spelling. */
function mlflowName(name: string): string {
  return name
    .replace(/[^\p{L}\p{N}_\-. :/]/gu, "_")
    .split("/")
    .filter((part) => !["", ".", ".."].includes(part))
    .join("/")
    .slice(0, longestName);
}

function milliseconds(time: number): number {
  return Math.round(time * 1000);
}

function userName(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number without a name.
    return env.USER ?? "unknown";
  }
}
