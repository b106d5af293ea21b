/**
 * The cache of repositories, with the same layout as Python's huggingface_hub, so that both can use
 * the same downloads:
 *
 *     datasets--OWNER--NAME/refs/main                   the commit of a branch
 *                           trees/COMMIT.json           the files of a commit
 *                           blobs/HASH                  contents
 *                           snapshots/COMMIT/PATH       links to the contents
 */
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { copyFile, readFile, rename, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { writeFileAtomic } from "../util/atomicFile.js";
import { EnvironmentError } from "../util/errors.js";
import { makeFolders } from "../util/makeFolders.js";
import type { RepositoryName } from "./name.js";

/** A file of a commit. */
export interface HubFile {
  /** With `/`, from the repository's root. */
  path: string;
  size: number;
  /** SHA-1 of its git object, or SHA-256 of a file stored by git-lfs. */
  hash: string;
}

/** A file and the id of its git object, which differs from the hash of a git-lfs file. */
export type ListedFile = HubFile & { blobId: string };

const treeVersion = 1;

export function repositoryFolder(cache: string, { type, name }: RepositoryName): string {
  return join(cache, `${type}s--${name.replaceAll("/", "--")}`);
}

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The commit of a branch or tag when it was last requested. */
export function readRef(folder: string, revision: string): string | undefined {
  if (isCommit(revision)) return revision;
  try {
    const commit = readFileSync(join(folder, "refs", revision), "utf8").trim();
    return isCommit(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}

export async function writeRef(folder: string, revision: string, commit: string): Promise<void> {
  if (revision === commit || readRef(folder, revision) === commit) return;
  await writeWhole(join(folder, "refs", revision), commit);
}

/** The cached list of the files of a commit; undefined if there is none. */
export async function readTree(folder: string, commit: string): Promise<HubFile[] | undefined> {
  try {
    const tree: unknown = JSON.parse(await readFile(treeFile(folder, commit), "utf8"));
    const { format_version: version, files } = tree as {
      format_version: number;
      files: Record<string, { size: number; blob_id: string; lfs_sha256?: string }>;
    };
    if (version !== treeVersion) return undefined;
    return Object.entries(files).map(([path, { size, blob_id, lfs_sha256 }]) => {
      return checkFile({ path, size, hash: lfs_sha256 ?? blob_id });
    });
  } catch {
    return undefined;
  }
}

export async function writeTree(
  folder: string,
  commit: string,
  files: readonly ListedFile[],
): Promise<void> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const entries = sorted.map(({ path, size, hash, blobId }) => {
    const large = hash === blobId ? {} : { lfs_sha256: hash, lfs_size: size };
    return [path, { size, blob_id: blobId, ...large }];
  });
  const tree = { format_version: treeVersion, files: Object.fromEntries(entries) };
  await writeWhole(treeFile(folder, commit), JSON.stringify(tree, null, 1));
}

/**
 * Names from a server become paths only if they stay inside the cache.
 * @throws EnvironmentError for a name that leads out of its folder, or an invalid hash
 */
export function checkFile(file: HubFile): HubFile {
  const parts = file.path.split("/");
  const bad = (part: string) => part === "" || part === "." || part === "..";
  if (parts.some(bad) || /^[A-Za-z]:|[\\\0]/.test(file.path)) {
    throw new EnvironmentError(`the hub lists a file ${JSON.stringify(file.path)}`, {
      why: "such a name would write outside the folder of the repository",
      todo: "do not use this repository or mirror, and inform its owner",
    });
  }
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(file.hash) || !Number.isSafeInteger(file.size)) {
    throw new EnvironmentError(`the hub lists ${file.path} without its hash or size`, {
      todo: "check HF_ENDPOINT, or try again later",
    });
  }
  return file;
}

export function snapshotFolder(folder: string, commit: string): string {
  return join(folder, "snapshots", commit);
}

/** Relative paths of the files of a commit that are in the cache, sorted. */
export function listSnapshot(folder: string, commit: string): string[] {
  const root = snapshotFolder(folder, commit);
  if (!existsSync(root)) return [];
  const found = readdirSync(root, { recursive: true, encoding: "utf8" });
  return found
    .filter((path) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile())
    .sort();
}

/** Links `pointer` to the content, or copies it if the file system has no links. */
export async function linkContent(blob: string, pointer: string): Promise<void> {
  makeFolders(dirname(pointer));
  const fresh = `${pointer}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await symlink(relative(dirname(pointer), blob), fresh);
  } catch {
    await copyFile(blob, fresh);
  }
  await rename(fresh, pointer);
}

function treeFile(folder: string, commit: string): string {
  return join(folder, "trees", `${commit}.json`);
}

/** Replaces a file atomically: a reader sees the old content or the new, never a part. */
export async function writeWhole(path: string, text: string): Promise<void> {
  makeFolders(dirname(path));
  writeFileAtomic(path, text, { durable: false });
}
