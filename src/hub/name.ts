/** Names of repositories of the hub, and of files in them. */
import { ConfigError } from "../util/errors.js";

export type RepositoryType = "model" | "dataset";

export interface RepositoryName {
  type: RepositoryType;
  /** `OWNER/NAME` */
  name: string;
  /** Branch, tag or commit. */
  revision: string;
  /** The rest after the name: a file, a folder or a glob pattern; "" for the whole repository. */
  path: string;
}

const owner = "[A-Za-z0-9](?:[\\w.-]*\\w)?";
const plainPattern = new RegExp(
  `^(?:(datasets|models)/)?(${owner}/${owner})(?:@(refs/(?:convert|pr)/[^/]+|[^/]+))?(?:/(.*))?$`,
);
const webPattern = new RegExp(
  `^/(?:(datasets|models)/)?(${owner}/${owner})/(?:blob|resolve|raw|tree)/(refs/(?:convert|pr)/[^/]+|[^/]+)(?:/(.*))?$`,
);
const publicHosts = ["huggingface.co", "www.huggingface.co", "hf.co"];

/**
 * Parses `hf://[datasets/]OWNER/NAME[@REVISION][/PATH]`, the same without `hf://`, or the URL of a
 * page or file on the hub.
 * @param assumed the type of a name without `hf://` and without `datasets/` or `models/`
 * @param endpoint URL of a mirror, whose pages are recognized like those of the hub
 * @returns undefined if the text has none of these forms
 * @throws ConfigError if it starts with `hf://` but the rest is invalid
 */
export function parseRepositoryName(
  text: string,
  assumed: RepositoryType,
  endpoint?: string,
): RepositoryName | undefined {
  if (/^https?:/i.test(text)) return parseWebAddress(text, endpoint);
  const explicit = text.startsWith("hf://");
  const match = plainPattern.exec(explicit ? text.slice("hf://".length) : text);
  const [, kind, name = "", revision, path = ""] = match ?? [];
  if (!match || !isRepositoryId(name) || !isRevision(revision)) {
    if (!explicit) return undefined;
    throw new ConfigError(`${text}: not the name of a repository`, {
      todo: "write hf://datasets/OWNER/NAME/FILE, or hf://OWNER/NAME for a model",
    });
  }
  const type = kind === undefined ? (explicit ? "model" : assumed) : typeOf(kind);
  return { type, name, revision: decodeURIComponent(revision ?? "main"), path };
}

function parseWebAddress(text: string, endpoint: string | undefined): RepositoryName | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const mirror = endpoint !== undefined && url.host === new URL(endpoint).host;
  if (!mirror && !publicHosts.includes(url.host)) return undefined;
  const match = webPattern.exec(url.pathname);
  const [, kind, name = "", revision = "", path = ""] = match ?? [];
  if (!match || !isRepositoryId(name) || !isRevision(revision)) return undefined;
  return {
    type: typeOf(kind),
    name,
    revision: decodeURIComponent(revision),
    path: decodeURIComponent(path),
  };
}

function typeOf(kind: string | undefined): RepositoryType {
  return kind === "datasets" ? "dataset" : "model";
}

/** The hub's own rule: at most 96 characters, without `--` and `..`; types of repository are no owners. */
function isRepositoryId(name: string): boolean {
  const kind = /^(datasets|models|spaces|buckets)\//.test(name);
  return !kind && name.length <= 96 && !name.includes("--") && !name.includes("..");
}

/** Revisions become paths in `refs`. */
function isRevision(revision = "main"): boolean {
  try {
    const parts = decodeURIComponent(revision).split("/");
    return parts.every((part) => /^[\w][\w.+@-]*$/.test(part));
  } catch {
    return false;
  }
}

/** The repository for messages: `OWNER/NAME`, with the revision unless it is `main`. */
export function showRepository({ name, revision }: RepositoryName): string {
  return revision === "main" ? name : `${name}@${revision}`;
}
