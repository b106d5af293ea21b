/** Two requests to the hub's API: the commit of a branch, and the files of a commit. */
import { EnvironmentError } from "../util/errors.js";
import { checkFile, isCommit, type ListedFile } from "./cache.js";
import type { RepositoryName } from "./name.js";
import { request } from "./request.js";
import type { HubSettings } from "./settings.js";

/**
 * The commit that a branch or tag points to.
 * @param attempts number of attempts if the network or the server fails
 * @throws AnswerError, ConnectionError as {@link request} does
 * @throws EnvironmentError for a response that does not come from a hub
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
  throw notAHub(settings, `the response has no commit for ${name}`);
}

/**
 * The files of a commit, in all folders. The response comes in pages; each has the URL of the next.
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
    if (!Array.isArray(value))
      throw notAHub(settings, `the response has no list of the files of ${name}`);
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
    if (error instanceof SyntaxError) throw notAHub(settings, "the response is not JSON", error);
    throw error;
  }
}

function notAHub({ endpoint }: HubSettings, why: string, cause?: unknown): EnvironmentError {
  return new EnvironmentError(`${endpoint} does not behave like a hub`, {
    why,
    todo: "check that HF_ENDPOINT is the URL of a hub, or unset it",
    cause,
  });
}
