/**
 * A SwanLab server, with the requests of SwanLab's own client 0.10 (`test/parity/swanlab_fixtures.py`
 * records them): log in, find or make the project, open the run, declare curves, send values.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  type EndReason,
  type Point,
  type RunFacts,
  type SendJson,
  ServerError,
  type Service,
  type TextPoint,
} from "../upload/index.js";
import type { SwanlabSettings } from "./settings.js";

const stateOf: Record<EndReason, string> = {
  done: "FINISHED",
  stopped: "ABORTED",
  failed: "CRASHED",
  killed: "CRASHED",
};

/** What is known once the run is open. */
interface OpenExperiment {
  cookie: string;
  user: string;
  project: string;
  projectId: string;
  experimentId: string;
}

const longestName = 512;

export function swanlabService(send: SendJson, settings: SwanlabSettings): Service {
  let open: OpenExperiment | undefined;
  const columns = new Set<string>();

  const call = async (method: "GET" | "POST" | "PUT", path: string, body?: object) => {
    const headers = open ? { Cookie: open.cookie } : undefined;
    const url = `${settings.apiHost}/api${path}`;
    return send({ method, url, ...(headers ? { headers } : {}), ...(body ? { body } : {}) });
  };
  const declare = async (points: readonly Point[], texts: readonly TextPoint[]) => {
    const types = new Map<string, ColumnType>();
    for (const { name } of points) types.set(name, "FLOAT");
    for (const { name } of texts) types.set(name, "TEXT");
    const series = [...types].filter(([name]) => !columns.has(name)).map(columnOf);
    if (series.length === 0) return;
    await call("POST", `/projects/${open!.user}/${open!.project}/series`, { series });
    for (const name of types.keys()) columns.add(name);
  };
  const sendMetrics = async (type: "scalar" | "media", metrics: readonly object[]) => {
    const { projectId, experimentId } = open!;
    await call("POST", "/house/metrics", { type, projectId, experimentId, metrics });
  };

  return {
    nameOf: (name) => name.replace(/^[./]+|[./]+$/g, "").slice(0, longestName),
    async begin(facts, saved) {
      open = undefined;
      const { cookie, username } = await logIn(send, settings);
      const user = settings.workspace ?? username;
      open = { cookie, user, project: settings.project, projectId: "", experimentId: "" };
      open.projectId = await projectId(call, user, settings);
      const runId =
        settings.runId ??
        (saved?.server === settings.apiHost ? saved.run_id : undefined) ??
        newRunId();
      if (settings.mustExist && saved === undefined) await mustExist(call, open, runId);
      const path = `/project/${user}/${open.project}/experiment`;
      const { status, data } = await call("POST", path, experimentOf(facts, settings, runId));
      const experiment = data as { cuid: string; createdAt?: string };
      open.experimentId = experiment.cuid;
      const isNew = status === 201;
      if (isNew) {
        const profile = `/project/${user}/${open.project}/runs/${experiment.cuid}/profile`;
        await call("PUT", profile, { config: profileConfig(facts.config) });
      }
      const sent = isNew ? new Map<string, number>() : await lastSteps(call, open, experiment);
      await call("POST", `/house/experiments/${experiment.cuid}/heartbeat`, { flagId: "123456" });
      for (const name of sent.keys()) columns.add(name);
      return {
        saved: { server: settings.apiHost, run_id: runId },
        page: `${settings.webHost}/@${user}/${open.project}/runs/${experiment.cuid}`,
        sent,
      };
    },
    async send(points, texts) {
      await declare(points, texts);
      if (points.length > 0) await sendMetrics("scalar", points.map(scalarOf));
      if (texts.length > 0) {
        const paths = texts.map(textPath);
        await storeTexts(call, send, open!.experimentId, texts, paths);
        await sendMetrics(
          "media",
          texts.map((text, i) => mediaOf(text, paths[i]!)),
        );
      }
    },
    async heartbeat() {
      const path = `/house/experiments/${open!.experimentId}/heartbeat`;
      await call("POST", path, { flagId: "123456" });
    },
    async end(reason) {
      const { user, project, experimentId } = open!;
      const body = { state: stateOf[reason], finishedAt: new Date().toISOString(), from: "sdk" };
      await call("PUT", `/project/${user}/${project}/runs/${experimentId}/state`, body);
    },
  };
}

type Call = (
  method: "GET" | "POST" | "PUT",
  path: string,
  body?: object,
) => Promise<{ status: number; data: unknown }>;

async function logIn(send: SendJson, { apiHost, apiKey }: SwanlabSettings) {
  try {
    const url = `${apiHost}/api/login/api_key`;
    const { data } = await send({ method: "POST", url, headers: { authorization: apiKey } });
    const { sid, userInfo } = data as { sid: string; userInfo: { username: string } };
    return { cookie: `sid=${sid}`, username: userInfo.username };
  } catch (error) {
    if (!(error instanceof ServerError) || ![401, 403].includes(error.status)) throw error;
    throw new ServerError(`${error.message}: check SWANLAB_API_KEY`, error.status, error.code);
  }
}

async function projectId(call: Call, user: string, settings: SwanlabSettings): Promise<string> {
  const find = async () => {
    const { data } = await call("GET", `/project/${user}/${settings.project}`);
    return (data as { cuid: string }).cuid;
  };
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof ServerError) || error.status !== 404) throw error;
  }
  const visibility = settings.isPublic ? "PUBLIC" : "PRIVATE";
  await call("POST", `/projects/${user}`, { name: settings.project, visibility });
  return find();
}

/** SWANLAB_RESUME must: a run of a wrong id is not begun. */
async function mustExist(call: Call, { user, project }: OpenExperiment, id: string) {
  try {
    await call("GET", `/project/${user}/${project}/runs/${id}`);
  } catch (error) {
    if (!(error instanceof ServerError) || error.status !== 404) throw error;
    const what = `SWANLAB_RESUME is must, and ${project} has no run ${id}: check SWANLAB_RUN_ID`;
    throw new ServerError(what, error.status);
  }
}

function experimentOf(facts: RunFacts, settings: SwanlabSettings, runId: string): object {
  const { description, tags, group, jobType } = settings;
  const color = settings.color ?? colorOf(runId);
  return {
    name: settings.name ?? facts.name,
    ...(description === undefined ? {} : { description }),
    // The server looks for values stored since then, so it is the time of sending, as with its client.
    createdAt: new Date().toISOString(),
    colors: [color, color],
    ...(tags.length === 0 ? {} : { labels: tags.map((name) => ({ name })) }),
    ...(jobType === undefined ? {} : { job: jobType }),
    ...(group === undefined ? {} : { cluster: group }),
    cuid: runId,
  };
}

/** The last step of each curve that the server has. */
async function lastSteps(
  call: Call,
  { user, project, projectId, experimentId }: OpenExperiment,
  experiment: { createdAt?: string },
): Promise<Map<string, number>> {
  let { createdAt } = experiment;
  if (!createdAt) {
    const { data } = await call("GET", `/project/${user}/${project}/runs/${experimentId}`);
    createdAt = (data as { createdAt?: string }).createdAt;
  }
  const since = Math.floor(new Date(createdAt ?? 0).getTime() / 1000);
  const query = `all=True&createdAt=${since}`;
  const { data } = await call(
    "GET",
    `/house/metrics/summaries/${projectId}/${experimentId}?${query}`,
  );
  const { scalar, media } = data as Partial<Record<string, { key: string; step: number }[]>>;
  return new Map([...(scalar ?? []), ...(media ?? [])].map(({ key, step }) => [key, step]));
}

/** Texts are files in the server's store, which says where each is to be put. */
async function storeTexts(
  call: Call,
  send: SendJson,
  experimentId: string,
  texts: readonly TextPoint[],
  paths: readonly string[],
): Promise<void> {
  const { data } = await call("POST", "/resources/presigned/put", { experimentId, paths });
  const { urls } = data as { urls: string[] };
  for (const [i, { text }] of texts.entries()) {
    const headers = { "Content-Type": "text/plain" };
    await send({ method: "PUT", url: urls[i]!, headers, body: text });
  }
}

type ColumnType = "FLOAT" | "TEXT";

/** A curve stands in the section that its name begins with. */
function columnOf([key, type]: [string, ColumnType]): object {
  const section = key.includes("/") ? key.slice(0, key.indexOf("/")) : undefined;
  return { key, type, ...(section === undefined ? {} : { sectionName: section }) };
}

function scalarOf({ name, step, value, time }: Point): object {
  const data = Number.isFinite(value) ? value : "nan";
  return { key: name, index: step, data, create_time: isoTime(time) };
}

function mediaOf({ name, step, caption, time }: TextPoint, path: string): object {
  return { key: name, index: step, data: [path], more: [{ caption }], create_time: isoTime(time) };
}

function textPath({ name, step, text }: TextPoint): string {
  const digest = createHash("sha256").update(`${name}\n${text}`).digest("hex").slice(0, 8);
  return `media/text/${String(step).padStart(3, "0")}-${digest}.txt`;
}

function profileConfig(config: Readonly<Record<string, unknown>>): object {
  const entries = Object.entries(config).map(([key, value], sort) => [
    key,
    { desc: "", sort, value: value ?? {} },
  ]);
  return Object.fromEntries(entries);
}

/** Eight letters and digits, as the client makes them. */
function newRunId(): string {
  return Array.from(randomBytes(8), (byte) => (byte % 36).toString(36)).join("");
}

function colorOf(runId: string): string {
  return `#${createHash("sha256").update(runId).digest("hex").slice(0, 6)}`;
}

function isoTime(time: number): string {
  return new Date(time * 1000).toISOString();
}
