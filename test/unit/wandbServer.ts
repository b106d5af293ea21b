/**
 * A server that speaks as much of W&B's API as `wandb` (0.25 and 0.31) and our upload use: GraphQL for
 * a run and its files, and the stream of its history. It keeps what it is sent.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** A run as the server has it. */
export interface ServedRun {
  /** Variables of each request that made or changed the run. */
  upserts: Record<string, unknown>[];
  /** The configuration, by key. */
  config: Record<string, unknown>;
  /** Lines of the history, by their place. */
  history: string[];
  summary: string;
  /** Contents by name. */
  files: Map<string, string>;
  exitCode: number | undefined;
}

export interface WandbServer {
  url: string;
  runs: Map<string, ServedRun>;
  /** Values of the Authorization header that came with requests to the API. */
  keys: Set<string>;
  /** Answers a request itself, returning true, or leaves it to the server. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

/** Starts a server on a free port, or on `port`. */
export async function startWandbServer(port = 0): Promise<WandbServer> {
  const runs = new Map<string, ServedRun>();
  const keys = new Set<string>();
  const server: WandbServer = { url: "", runs, keys, intercept: undefined, close };
  const http = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (request.headers.authorization) keys.add(request.headers.authorization);
      if (server.intercept?.(request, response)) return;
      const sent = Buffer.concat(parts);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
      const answer = answerTo(server, request, body.toString("utf8"));
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
  server.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return server;

  async function close() {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
}

function answerTo(server: WandbServer, { method, url = "" }: IncomingMessage, body: string) {
  if (url === "/graphql") {
    const { query, variables } = JSON.parse(body) as {
      query: string;
      variables?: Record<string, unknown>;
    };
    return { data: graphql(server, query, variables ?? {}) };
  }
  const stream = /^\/files\/[^/]+\/[^/]+\/([^/]+)\/file_stream$/.exec(url);
  if (stream) return takeStream(runOf(server, stream[1]!), JSON.parse(body) as StreamBody);
  const upload = /^\/upload\/([^/]+)\/(.+)$/.exec(url);
  if (method === "PUT" && upload) runOf(server, upload[1]!).files.set(upload[2]!, body);
  return {};
}

function runOf({ runs }: WandbServer, id: string): ServedRun {
  let run = runs.get(id);
  if (!run) {
    run = {
      upserts: [],
      config: {},
      history: [],
      summary: "",
      files: new Map(),
      exitCode: undefined,
    };
    runs.set(id, run);
  }
  return run;
}

interface StreamBody {
  files?: Record<string, { offset: number; content: string[] }>;
  complete?: boolean;
  exitcode?: number;
}

function takeStream(run: ServedRun, { files = {}, complete, exitcode }: StreamBody) {
  const history = files["wandb-history.jsonl"];
  history?.content.forEach((line, index) => {
    run.history[history.offset + index] = line;
  });
  run.summary = files["wandb-summary.json"]?.content.at(-1) ?? run.summary;
  if (complete) run.exitCode = exitcode;
  return { exitcode: null, limits: {} };
}

function graphql(server: WandbServer, query: string, variables: Record<string, unknown>) {
  if (query.includes("__type")) {
    const names = [...query.matchAll(/(\w+)\s*:\s*__type/g)].map((match) => match[1]);
    return Object.fromEntries(names.map((name) => [name, { name, fields: [], inputFields: [] }]));
  }
  if (/upsertBucket/i.test(query)) return upsert(server, variables);
  if (/createRunFiles/i.test(query)) {
    const files = (variables.files as string[]).map((name) => placeOf(server, variables.run, name));
    return { createRunFiles: { runID: "storage", uploadHeaders: [], files } };
  }
  if (/RunUploadUrls/.test(query)) {
    const edges = (variables.files as string[]).map((name) => {
      const { uploadUrl } = placeOf(server, variables.run, name);
      return { node: { name, url: uploadUrl, updatedAt: null } };
    });
    return { model: { bucket: { id: "storage", files: { uploadHeaders: [], edges } } } };
  }
  if (/RunResumeStatus/.test(query)) return { model: resumeStatus(server, variables) };
  const user = { id: "user", entity: "me", username: "me", email: "", flags: "{}", admin: false };
  return {
    viewer: { ...user, teams: { edges: [] } },
    serverInfo: {
      features: [],
      cliVersionInfo: { max_cli_version: "99.0.0" },
      latestLocalVersionInfo: null,
    },
  };
}

function placeOf({ url }: WandbServer, run: unknown, name: string) {
  return { name, uploadUrl: `${url}/upload/${String(run)}/${name}` };
}

function upsert(server: WandbServer, variables: Record<string, unknown>) {
  const name = String(variables.name);
  const inserted = !server.runs.has(name);
  const run = runOf(server, name);
  run.upserts.push(variables);
  if (typeof variables.config === "string")
    Object.assign(run.config, JSON.parse(variables.config) as object);
  const entity = { id: "entity", name: variables.entity ?? "me" };
  const project = { id: "project", name: variables.project, entity };
  const shown = { displayName: variables.displayName ?? name, description: null, config: "{}" };
  const lines = { historyLineCount: run.history.length, eventsLineCount: 0, logLineCount: 0 };
  const bucket = { id: "storage", name, sweepName: null, project, ...shown, ...lines };
  return { upsertBucket: { bucket, inserted } };
}

function resumeStatus(server: WandbServer, { name, project }: Record<string, unknown>) {
  const run = server.runs.get(String(name));
  const place = { id: "model", name: project, entity: { id: "entity", name: "me" } };
  if (!run) return { ...place, bucket: null };
  const bucket = {
    ...{ id: "storage", name, displayName: name, tags: [] },
    ...{ historyLineCount: run.history.length, eventsLineCount: 0, logLineCount: 0 },
    historyTail: JSON.stringify(run.history.slice(-1)),
    eventsTail: "[]",
    summaryMetrics: run.summary || "{}",
    config: JSON.stringify({ ...run.config, _wandb: { value: { t: {} } } }),
    wandbConfig: JSON.stringify({ t: {} }),
  };
  return { ...place, bucket };
}
