/** W&B's server: GraphQL for a run and its files, a stream of lines for its history. */
import { type JsonAnswer, type SendJson, ServerError } from "../../upload/index.js";
import type { RunFacts } from "../records.js";

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

/** Requests to a server. Each throws a ServerError. */
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
export function wandbApi(access: ServerAccess, sendJson: SendJson): WandbApi {
  const post = async (path: string, body: object): Promise<JsonAnswer> => {
    const login = Buffer.from(`api:${access.apiKey}`).toString("base64");
    const headers = {
      Authorization: `Basic ${login}`,
      "User-Agent": `tunewright/${access.version}`,
    };
    try {
      return await sendJson({ method: "POST", url: `${access.baseUrl}${path}`, headers, body });
    } catch (error) {
      throw error instanceof ServerError ? explained(error, access.apiKey) : error;
    }
  };
  const graphql = async <Answer>(query: string, variables: object): Promise<Answer> => {
    const answer = (await post("/graphql", { query, variables })).data;
    const { data, errors } = Object(answer) as { data?: Answer; errors?: { message?: string }[] };
    if (errors && errors.length > 0) {
      throw new ServerError(`W&B refuses the run: ${errors[0]?.message ?? "an error"}`, 400);
    }
    return data ?? ({} as Answer);
  };
  const streamTo = async (run: ServerRun, id: string, body: object) => {
    const place = [run.entity, run.project, id].map(encodeURIComponent).join("/");
    await post(`/files/${place}/file_stream`, body);
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
      if (!url) throw new ServerError(`W&B has no place to store ${name}`, 400);
      const headers = Object.fromEntries(
        (createRunFiles.uploadHeaders ?? []).map((line) => line.split(/:\s*/, 2)),
      );
      // The address is signed: the key is for W&B's server only.
      const target = new URL(url, access.baseUrl).href;
      await sendJson({ method: "PUT", url: target, headers, body: content });
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

/** A server may repeat the key in what it says. */
function explained(error: ServerError, key: string): ServerError {
  const message = error.message.replaceAll(key, "(the key)");
  const todo = [401, 403].includes(error.status) ? ": check WANDB_API_KEY" : "";
  return new ServerError(`${message}${todo}`, error.status, error.code, error.wait);
}
