/** How repositories of the hub, and files in them, are named. */
import { ConfigError } from "../util/errors.js";

export type RepositoryType = "model" | "dataset";

export interface RepositoryName {
  type: RepositoryType;
  /** `OWNER/NAME` */
  name: string;
  /** Branch, tag or commit. */
  revision: string;
  /** What follows the name: a file, a folder or a glob; "" for the whole repository. */
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
 * Reads `hf://[datasets/]OWNER/NAME[@REVISION][/PATH]`, the same without `hf://`, or the address of
 * a page or file on the hub.
 * @param assumed what a name without `hf://` and without `datasets/` or `models/` is
 * @param endpoint address of a mirror, whose pages are known as the hub's own are
 * @returns undefined where the text is nothing of the kind
 * @throws ConfigError where it begins with `hf://` and goes on wrongly
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
    throw new ConfigError(`${text}: no name of a repository`, {
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

/** The hub's own rule: at most 96 signs, without `--` and `..`; kinds of repository own nothing. */
function isRepositoryId(name: string): boolean {
  const kind = /^(datasets|models|spaces|buckets)\//.test(name);
  return !kind && name.length <= 96 && !name.includes("--") && !name.includes("..");
}

/** Revisions become paths below `refs`. */
function isRevision(revision = "main"): boolean {
  try {
    const parts = decodeURIComponent(revision).split("/");
    return parts.every((part) => /^[\w][\w.+@-]*$/.test(part));
  } catch {
    return false;
  }
}

/** The repository for people: `OWNER/NAME`, with the revision where it is not `main`. */
export function showRepository({ name, revision }: RepositoryName): string {
  return revision === "main" ? name : `${name}@${revision}`;
}
