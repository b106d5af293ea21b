/** The two questions that the hub's API is asked: which commit a branch is at, and which files a commit has. */
import { EnvironmentError } from "../util/errors.js";
import { checkFile, isCommit, type ListedFile } from "./cache.js";
import type { RepositoryName } from "./name.js";
import { request } from "./request.js";
import type { HubSettings } from "./settings.js";

/**
 * The commit that a branch or tag is at.
 * @param attempts times that are tried where the network or the server fails
 * @throws AnswerError, ConnectionError as {@link request} does
 * @throws EnvironmentError for an answer that is not a hub's
 */
export async function askCommit(
  { type, name, revision }: RepositoryName,
  settings: HubSettings,
  attempts: number,
): Promise<string> {
  const path = `api/${type}s/${name}/revision/${encodeURIComponent(revision)}?expand=sha`;
  const { value } = await ask(`${settings.endpoint}/${path}`, settings, attempts);
  const { sha } = Object(value) as { sha?: unknown };
  if (typeof sha === "string" && isCommit(sha)) return sha;
  throw notAHub(settings, `it does not say which commit ${name} is at`);
}

/**
 * The files of a commit, in all folders. The answer comes in pages, each with the next one's address.
 * @throws as {@link askCommit} does; EnvironmentError for names that lead out of a folder
 */
export async function listFiles(
  { type, name }: RepositoryName,
  commit: string,
  settings: HubSettings,
  attempts: number,
): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  let page: string | undefined =
    `${settings.endpoint}/api/${type}s/${name}/tree/${commit}?recursive=true`;
  while (page) {
    const { value, next } = await ask(page, settings, attempts);
    if (!Array.isArray(value)) throw notAHub(settings, `it does not list the files of ${name}`);
    for (const entry of value) {
      const { type: kind, path, size, oid, lfs } = Object(entry) as Record<string, unknown>;
      if (kind !== "file") continue;
      const large = Object(lfs) as { size?: unknown; oid?: unknown };
      const file = {
        path: String(path),
        size: Number(large.size ?? size),
        hash: String(large.oid ?? oid),
      };
      files.push({ ...checkFile(file), blobId: String(oid) });
    }
    page = next;
  }
  return files;
}

async function ask(
  url: string,
  settings: HubSettings,
  attempts: number,
): Promise<{ value: unknown; next: string | undefined }> {
  const response = await request(url, settings, {
    headers: { Accept: "application/json" },
    attempts,
  });
  const next = /<([^>]*)>; *rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
  try {
    return { value: await response.json(), next };
  } catch (error) {
    if (error instanceof SyntaxError)
      throw notAHub(settings, "it does not answer with JSON", error);
    throw error;
  }
}

function notAHub({ endpoint }: HubSettings, why: string, cause?: unknown): EnvironmentError {
  return new EnvironmentError(`${endpoint} does not answer as a hub does`, {
    why,
    todo: "check that HF_ENDPOINT is the address of a hub, or unset it",
    cause,
  });
}
