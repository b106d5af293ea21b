/** W&B's server: GraphQL for a run and its files, a stream of lines for its history. */
import { fetchThroughProxy } from "../../../hub/index.js";
import type { RunFacts } from "../records.js";

/** Milliseconds after which a request counts as failed. */
const requestTimeout = 20_000;

/** The server answered, and will not answer otherwise: a wrong key, a project that is not ours. */
export class RefusedError extends Error {}

/** The server did not answer, or asked for patience. */
export class PassingError extends Error {
  constructor(
    message: string,
    /** Seconds that the server asks to wait. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** How a server is reached. */
export interface ServerAccess {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly version: string;
}

/** A run as the server has it. */
export interface ServerRun {
  readonly entity: string;
  readonly project: string;
  /** Rows of its history; `undefined` where the server does not tell. */
  readonly historyLines: number | undefined;
}

/** Parts of files by name, as the stream takes them. */
export type StreamFiles = Readonly<Record<string, { offset: number; content: readonly string[] }>>;

/** Requests to a server. Each throws RefusedError or PassingError. */
export interface WandbApi {
  /** Makes the run, or finds it, and sets its configuration. */
  upsert(run: RunFacts, config: string): Promise<ServerRun>;
  /** Adds lines; without any, tells that the run is alive. */
  stream(run: ServerRun, id: string, files: StreamFiles): Promise<void>;
  complete(run: ServerRun, id: string, exitCode: number): Promise<void>;
  /** Stores a file under `name`. */
  putFile(run: ServerRun, id: string, name: string, content: Uint8Array): Promise<void>;
}

const upsertMutation = `
mutation UpsertBucket($name: String, $project: String, $entity: String, $groupName: String,
    $displayName: String, $notes: String, $config: JSONString, $host: String, $program: String,
    $jobType: String, $tags: [String!]) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity,
      groupName: $groupName, displayName: $displayName, notes: $notes, config: $config,
      host: $host, jobProgram: $program, jobType: $jobType, tags: $tags}) {
    bucket { id name historyLineCount project { name entity { name } } }
    inserted
  }
}`;

const filesMutation = `
mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID uploadHeaders files { name uploadUrl }
  }
}`;

interface UpsertAnswer {
  upsertBucket?: {
    bucket?: {
      historyLineCount?: number | null;
      project?: { name?: string; entity?: { name?: string } };
    };
  };
}

interface FilesAnswer {
  createRunFiles?: {
    uploadHeaders?: string[];
    files?: { name: string; uploadUrl: string }[];
  };
}

/** Requests to a server with a key. */
export function wandbApi(access: ServerAccess): WandbApi {
  const graphql = async <Answer>(query: string, variables: object): Promise<Answer> => {
    const url = `${access.baseUrl}/graphql`;
    const response = await send(access, url, postOf({ query, variables }));
    const { data, errors } = JSON.parse(await response.text()) as {
      data?: Answer;
      errors?: { message?: string }[];
    };
    if (errors && errors.length > 0) throw new RefusedError(errors[0]?.message ?? "an error");
    return data ?? ({} as Answer);
  };
  const streamTo = async (run: ServerRun, id: string, body: object) => {
    const place = [run.entity, run.project, id].map(encodeURIComponent).join("/");
    const url = `${access.baseUrl}/files/${place}/file_stream`;
    await (await send(access, url, postOf(body))).text();
  };
  return {
    async upsert(run, config) {
      const answer = await graphql<UpsertAnswer>(upsertMutation, upsertVariables(run, config));
      const bucket = answer.upsertBucket?.bucket;
      return {
        entity: bucket?.project?.entity?.name ?? run.entity ?? "",
        project: bucket?.project?.name ?? run.project,
        historyLines: bucket?.historyLineCount ?? undefined,
      };
    },
    stream: (run, id, files) =>
      streamTo(
        run,
        id,
        Object.keys(files).length > 0 ? { files } : { complete: false, failed: false },
      ),
    complete: (run, id, exitCode) => streamTo(run, id, { complete: true, exitcode: exitCode }),
    async putFile({ entity, project }, run, name, content) {
      const variables = { entity, project, run, files: [name] };
      const { createRunFiles } = await graphql<FilesAnswer>(filesMutation, variables);
      const url = createRunFiles?.files?.[0]?.uploadUrl;
      if (!url) throw new RefusedError(`no place to store ${name}`);
      const headers = Object.fromEntries(
        (createRunFiles.uploadHeaders ?? []).map((line) => line.split(/:\s*/, 2)),
      );
      // The address is signed: the key is for W&B's server only.
      const target = new URL(url, access.baseUrl).href;
      await (await sendRaw(target, { method: "PUT", headers, body: content })).arrayBuffer();
    },
  };
}

function upsertVariables(run: RunFacts, config: string) {
  return {
    name: run.id,
    project: run.project,
    entity: run.entity ?? null,
    groupName: run.group ?? null,
    displayName: run.name ?? null,
    notes: run.notes ?? null,
    config,
    host: run.host,
    program: "tunewright train",
    jobType: run.jobType ?? null,
    tags: run.tags,
  };
}

function postOf(body: object): RequestInit {
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify(body) };
}

function send(access: ServerAccess, url: string, init: RequestInit): Promise<Response> {
  const login = Buffer.from(`api:${access.apiKey}`).toString("base64");
  const headers = {
    ...(init.headers as Record<string, string>),
    Authorization: `Basic ${login}`,
    "User-Agent": `tunewright/${access.version}`,
  };
  return sendRaw(url, { ...init, headers });
}

async function sendRaw(url: string, init: RequestInit): Promise<Response> {
  const signal = AbortSignal.timeout(requestTimeout);
  let response: Response;
  try {
    response = await fetchThroughProxy(url, { ...init, signal });
  } catch (error) {
    throw new PassingError(reasonOf(error));
  }
  if (response.ok) return response;
  const { status } = response;
  const text = (await response.text().catch(() => "")).replace(/\s+/g, " ").trim().slice(0, 200);
  const what = `${status} ${response.statusText}${text.startsWith("<") || !text ? "" : `: ${text}`}`;
  if (status === 401 || status === 403)
    throw new RefusedError(`it does not accept the key (${what})`);
  if (status < 500 && status !== 408 && status !== 429) throw new RefusedError(what);
  throw new PassingError(what, Number(response.headers.get("retry-after")) || undefined);
}

function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  return inner.name === "TimeoutError" ? "no answer" : inner.message || inner.name;
}
